// The functions of `function.rs` as kernels for NVIDIA GPUs, one kernel for each function.
//
// `just cuda-kernels` compiles this file to `kernels.ptx`. A C compiler can also compile it, for the CPU: that is how the
// tests compare the kernels with the functions in Rust.
//
// Every kernel computes a matrix `[rows, width]` from up to three operands. An operand is read at
// `row * row_stride + column * column_stride`, so a bias, a scalar or a broadcast gradient need not be copied. `p`, `q`,
// `r` and `s` are constants of the function.

#ifdef __CUDACC__
#define KERNEL extern "C" __global__ void
#define DEVICE __device__ __forceinline__
#define FOR_EACH(index, count)                                                                                        \
    for (unsigned index = blockIdx.x * blockDim.x + threadIdx.x; index < (count); index += gridDim.x * blockDim.x)
#else
#include <math.h>
#define KERNEL void
#define DEVICE static inline
#define FOR_EACH(index, count) for (unsigned index = 0; index < (count); ++index)
#endif

#define FUNCTION(name, expression)                                                                                    \
    KERNEL name(unsigned rows, unsigned width, const float *a_values, unsigned a_row, unsigned a_column,               \
                const float *b_values, unsigned b_row, unsigned b_column, const float *c_values, unsigned c_row,       \
                unsigned c_column, float p, float q, float r, float s, float *out) {                                   \
        FOR_EACH(index, rows * width) {                                                                                \
            const unsigned row = index / width, column = index % width;                                                \
            const float a = a_values[row * a_row + column * a_column];                                                 \
            const float b = b_values[row * b_row + column * b_column];                                                 \
            const float c = c_values[row * c_row + column * c_column];                                                 \
            (void)a, (void)b, (void)c, (void)p, (void)q, (void)r, (void)s;                                             \
            out[index] = (expression);                                                                                 \
        }                                                                                                              \
    }

DEVICE float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

// The cumulative normal distribution function.
DEVICE float normal(float x) { return 0.5f * erfcf(-0.70710678f * x); }

DEVICE float softplus_of_minus_magnitude(float x) { return log1pf(expf(-fabsf(x))); }

// Losses of a logit `a` and a target `b`, and their derivatives times the gradient `c`.
FUNCTION(bernoulli, (a > 0.0f ? a : 0.0f) - a * b + softplus_of_minus_magnitude(a))
FUNCTION(bernoulli_gradient, (sigmoid(a) - b) * c)
FUNCTION(squared_error, (a - b) * (a - b))
FUNCTION(squared_error_gradient, 2.0f * (a - b) * c)
FUNCTION(squared_error_of_sigmoid, (sigmoid(a) - b) * (sigmoid(a) - b))
FUNCTION(squared_error_of_sigmoid_gradient, 2.0f * (sigmoid(a) - b) * sigmoid(a) * (1.0f - sigmoid(a)) * c)

// A sample with the mean `a`, the log-variance `b` and the noise `c`; the gradient of the log-variance `a` for the noise
// `b` and the gradient `c`.
FUNCTION(reparameterise, a + expf(0.5f * b) * c)
FUNCTION(reparameterise_gradient, 0.5f * expf(0.5f * a) * b * c)

// Twice the KL divergence for the mean `a` and the log-variance `b`, and its derivatives times the gradient `b`.
FUNCTION(twice_kl, a * a + expf(b) - b - 1.0f)
FUNCTION(twice_kl_gradient_of_mu, 2.0f * a * b)
FUNCTION(twice_kl_gradient_of_log_var, (expf(a) - 1.0f) * b)

// Activations of the sum of a product `a` and a bias `b`, and their derivatives times the gradient `c`. `p` is the slope
// of the leaky ReLU.
#define SUM (a + b)
FUNCTION(identity, SUM)
FUNCTION(identity_gradient, c)
FUNCTION(relu, SUM > 0.0f ? SUM : 0.0f)
FUNCTION(relu_gradient, SUM >= 0.0f ? c : 0.0f)
FUNCTION(leaky_relu, SUM > 0.0f ? SUM : p * SUM)
FUNCTION(leaky_relu_gradient, (SUM > 0.0f ? 1.0f : SUM == 0.0f ? 0.5f * (1.0f + p) : p) * c)
FUNCTION(elu, SUM > 0.0f ? SUM : expm1f(SUM))
FUNCTION(elu_gradient, (SUM > 0.0f ? 1.0f : expf(SUM)) * c)
FUNCTION(tanh_, tanhf(SUM))
FUNCTION(tanh_gradient, (1.0f - tanhf(SUM) * tanhf(SUM)) * c)
FUNCTION(sigmoid_, sigmoid(SUM))
FUNCTION(sigmoid_gradient, sigmoid(SUM) * (1.0f - sigmoid(SUM)) * c)
FUNCTION(silu, SUM * sigmoid(SUM))
FUNCTION(silu_gradient, sigmoid(SUM) * (1.0f + SUM * (1.0f - sigmoid(SUM))) * c)
FUNCTION(gelu, SUM * normal(SUM))
FUNCTION(gelu_gradient, (normal(SUM) + SUM * 0.39894228f * expf(-0.5f * SUM * SUM)) * c)
#undef SUM

// The optimizers. Adam: the first moment `a` with the decay `p` and the second with `p`, for the gradient `b`; then the
// weight `a` with its moments `b` and `c`, the rate `p`, the factor `q` of the root, the epsilon `r` and the factor `s`
// of the weight.
FUNCTION(adam_first, a + (1.0f - p) * (b - a))
FUNCTION(adam_second, p * a + (1.0f - p) * b * b)
FUNCTION(adam_weight, a * s - p * b / (sqrtf(c) * q + r))
// SGD: the velocity `a` with the momentum `p`, for the gradient `b`; then the weight `a` with the velocity `b`, the
// gradient `c`, the momentum `p` and the rate `q`.
FUNCTION(sgd_velocity, p * a + b)
FUNCTION(sgd_weight, a - q * b)
FUNCTION(nesterov_weight, a - q * (c + p * b))
// The moving average `a` of the weight `b` with the factor `p`.
FUNCTION(moving_average, a + p * (b - a))
