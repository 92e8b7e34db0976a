//! Converts error texts of ONNX Runtime to short reasons why a device cannot be used.

/// Returns a readable reason on one line. Removes source locations and the host name from texts that are not known
/// here. `missing` are the names of NVIDIA's libraries that were not found.
pub(super) fn plain_reason(text: &str, missing: &[String]) -> String {
    if text.contains("is not enabled in this build") {
        return "this ONNX Runtime has no CUDA provider (use a GPU build of ONNX Runtime)".to_owned();
    }
    if text.contains("fallback to CPU EP has been explicitly disabled") {
        return "it does not support some of the graph's nodes".to_owned();
    }
    if let Some((_, error)) =
        text.split_once("Failed to load library ").and_then(|(_, rest)| rest.split_once("error: "))
    {
        if let [first, ..] = missing {
            let driver = if first.starts_with("libcuda.so") { "the NVIDIA driver and " } else { "" };
            return format!(
                "ONNX Runtime cannot load its CUDA provider, which needs {driver}the CUDA and cuDNN versions of its build: \
                 not found: {} (the guide on devices says where they are searched for)",
                missing.join(", ")
            );
        }
        let needed = if error.starts_with("libcuda.so") {
            "the NVIDIA driver"
        } else {
            "the CUDA and cuDNN versions of its build"
        };
        return format!("ONNX Runtime cannot load its CUDA provider, which needs {needed}: {}", first_line(error));
    }
    if let Some((_, range)) = text.split_once("Invalid device ID: ").and_then(|(_, rest)| rest.split_once("and ")) {
        let count: String = range.chars().take_while(char::is_ascii_digit).collect();
        return format!("there is no GPU with this index (indices count from 0, number of GPUs: {count})");
    }
    let failure = ["CUDA failure ", "CUDNN failure ", "CUBLAS failure ", "cuDNN failure "];
    let start = failure.iter().find_map(|name| text.find(name));
    // Otherwise the text after the last error code, as in "[ONNXRuntimeError] : 1 : FAIL : ...".
    let start = start.or_else(|| text.rfind("[ONNXRuntimeError]").and_then(|start| after_code(text, start)));
    let reason = first_line(text.get(start.unwrap_or(0)..).unwrap_or(text));
    // The provider was loaded, so it may miss one of the libraries that it opens later.
    if missing.is_empty() { reason } else { format!("{reason} (not found: {})", missing.join(", ")) }
}

fn after_code(text: &str, code: usize) -> Option<usize> {
    text.match_indices(" : ").map(|(colon, separator)| colon + separator.len()).filter(|&start| start > code).nth(2)
}

fn first_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or("no reason given");
    line.split(" ; GPU=").next().unwrap_or(line).trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text of ONNX Runtime 1.28.0.
    const MISSING: &str = "/onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1988 onnxruntime::Provider& \
        onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library \
        /opt/lib/libonnxruntime_providers_cuda.so with error: LIBRARY: cannot open shared object file: No such file or \
        directory\n";
    const OLD_DRIVER: &str = "/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_execution_provider_info.cc:62 static \
        onnxruntime::CUDAExecutionProviderInfo onnxruntime::CUDAExecutionProviderInfo::FromProviderOptions(const \
        onnxruntime::ProviderOptions&) [ONNXRuntimeError] : 1 : FAIL : provider_options_utils.h:187 Parse Failed to parse \
        provider option \"device_id\": CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; \
        GPU=-1 ; hostname=vm ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_execution_provider_info.cc ; \
        line=69 ; expr=cudaGetDeviceCount(&num_devices); \n";

    #[test]
    fn a_reason_is_one_line_without_source_locations_and_host_names() {
        let cases = [
            (
                "CUDA execution provider is not enabled in this build. ".to_owned(),
                "this ONNX Runtime has no CUDA provider (use a GPU build of ONNX Runtime)",
            ),
            (
                MISSING.replace("LIBRARY", "libcublasLt.so.13"),
                "ONNX Runtime cannot load its CUDA provider, which needs the CUDA and cuDNN versions of its build: libcublasLt.so.13: \
                 cannot open shared object file: No such file or directory",
            ),
            (
                MISSING.replace("LIBRARY", "libcuda.so.1"),
                "ONNX Runtime cannot load its CUDA provider, which needs the NVIDIA driver: libcuda.so.1: cannot open shared \
                 object file: No such file or directory",
            ),
            (OLD_DRIVER.to_owned(), "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version"),
            (
                "Invalid device ID: 7, must be between 0 (inclusive) and 1 (exclusive).".to_owned(),
                "there is no GPU with this index (indices count from 0, number of GPUs: 1)",
            ),
            ("file.cc:1 f() [ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : no: such\nthing".to_owned(), "no: such"),
            ("something else".to_owned(), "something else"),
            (String::new(), "no reason given"),
            ("[ONNXRuntimeError]".to_owned(), "[ONNXRuntimeError]"),
        ];
        for (text, reason) in cases {
            assert_eq!(plain_reason(&text, &[]), reason);
        }
    }

    #[test]
    fn a_reason_names_all_libraries_that_are_missing() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let missing = MISSING.replace("LIBRARY", "libcublasLt.so.13");
        let cases = [
            (
                &missing,
                names(&["libcublasLt.so.13", "libcudnn.so.9"]),
                "ONNX Runtime cannot load its CUDA provider, which needs the CUDA and cuDNN versions of its build: not found: \
                 libcublasLt.so.13, libcudnn.so.9 (the guide on devices says where they are searched for)",
            ),
            (
                &missing,
                names(&["libcuda.so.1", "libcublasLt.so.13"]),
                "ONNX Runtime cannot load its CUDA provider, which needs the NVIDIA driver and the CUDA and cuDNN versions of \
                 its build: not found: libcuda.so.1, libcublasLt.so.13 (the guide on devices says where they are searched \
                 for)",
            ),
            (
                &OLD_DRIVER.to_owned(),
                names(&["libcudnn.so.9"]),
                "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version (not found: libcudnn.so.9)",
            ),
        ];
        for (text, missing, reason) in cases {
            assert_eq!(plain_reason(text, &missing), reason);
        }
    }
}
