"""Folders of images as Pillow writes them, and what Pillow reads from them."""

import io
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps, ImageSequence
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from case import Case, Pictures
from frames import choose

WIDTH, HEIGHT = 11, 7
# JPEG decoders round differently, and interpolate colours differently.
LOSSY = 6
ORIENTATION = 0x0112


def smooth(random, channels, size=(WIDTH, HEIGHT)):
    """Returns a smooth image, which lossy formats hardly change: `[height, width, channels]` of bytes."""
    width, height = size
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    planes = [100 + 50 * x * random.uniform(-1, 1) + 50 * y * random.uniform(-1, 1) for _ in range(channels)]
    return np.stack(planes, -1).round().astype(np.uint8)


def image_of(random, mode, size=(WIDTH, HEIGHT)):
    """Returns an image of one of Pillow's modes."""
    grey = Image.fromarray(smooth(random, 1, size)[:, :, 0])
    if mode == "1":
        return Image.fromarray(random.integers(0, 2, size[::-1]).astype(bool))
    if mode == "L":
        return grey
    if mode == "LA":
        return Image.merge("LA", (grey, Image.fromarray(random.integers(0, 255, size[::-1], dtype=np.uint8))))
    if mode == "I;16":
        return Image.fromarray((random.integers(0, 65_536, size[::-1])).astype(np.uint16))
    if mode == "I;16 low":
        return Image.fromarray((random.integers(0, 4096, size[::-1])).astype(np.uint16))
    if mode == "I":
        return Image.fromarray(random.integers(0, 70_000, size[::-1]).astype(np.int32))
    if mode == "F":
        return Image.fromarray((random.uniform(0, 300, size[::-1])).astype(np.float32))
    colours = Image.fromarray(smooth(random, 3, size))
    if mode == "RGBA":
        colours.putalpha(Image.fromarray(random.integers(0, 255, size[::-1], dtype=np.uint8)))
        return colours
    if mode == "RGBX":
        colours.putalpha(255)
        return colours
    if mode == "P grey":
        image = Image.fromarray(np.asarray(grey) // 16)
        image.putpalette([level for index in range(16) for level in [16 * index] * 3])
        return image
    return colours if mode == "RGB" else colours.convert(mode)


def pixels(image, channels):
    """Returns what Pillow reads with 1 or 3 channels, of 8 or 16 bits, turned as the metadata says."""
    image = ImageOps.exif_transpose(image)
    if image.mode in ("I;16", "I", "F"):
        return np.repeat(np.asarray(image)[:, :, None], channels, axis=2)
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    if image.mode in ("LA", "RGBA", "La", "RGBa"):
        # Pillow drops transparency without blending.
        image = image.convert("RGB" if image.mode == "RGBA" else "L")
    if channels == 1 and image.mode == "RGB":
        # Narrows weighs colours as in ITU-R BT.709, Pillow as in BT.601.
        return (np.asarray(image) @ [0.2126, 0.7152, 0.0722])[:, :, None]
    image = image.convert("L" if channels == 1 else "RGB")
    return np.asarray(image).reshape(image.height, image.width, channels)


class Folder:
    """A folder that is filled with images."""

    def __init__(self, root, name):
        self.path = os.path.join(root, name)
        os.makedirs(self.path)

    def write(self, name, content):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def save(self, name, image, **options):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        image.save(path, **options)
        return path


def case(kind, folder, files, depth, notes=(), within=0, labels=None, plain=True, **reading):
    """Returns the case of a folder with these files, in the order of Narrows."""
    arrays = []
    for file in files:
        with Image.open(os.path.join(folder.path, file)) as image:
            arrays.append(pixels(image, depth).astype(np.float64))
    references = [Pictures(arrays, labels, within)]
    return Case(kind, {"data": folder.path, **reading}, references, plain=plain, notes=list(notes))


# A name, the mode, the ending, the options of Pillow, the channels, the codes of notes, the tolerance.
FORMATS = [
    ("1", "png", {}, 1, [], 0),
    ("1", "bmp", {}, 3, [], 0),
    ("1", "tiff", {}, 1, [], 0),
    ("1", "gif", {}, 3, [], 0),
    ("1", "tiff", {"compression": "group4"}, 1, [], 0),
    ("L", "png", {}, 1, [], 0),
    ("L", "jpg", {"quality": 95}, 1, [], LOSSY),
    ("L", "bmp", {}, 3, [], 0),
    ("L", "tiff", {"compression": "tiff_lzw"}, 1, [], 0),
    ("L", "tiff", {"compression": "packbits"}, 1, [], 0),
    ("L", "webp", {"lossless": True}, 3, [], 0),
    ("L", "gif", {}, 3, [], 0),
    ("L", "png", {"transparency": 100}, 1, [], 0),
    ("LA", "png", {}, 1, ["colour"], 0),
    ("LA", "tiff", {}, 1, ["colour"], 0),
    ("LA", "webp", {"lossless": True}, 3, ["colour"], 0),
    ("P", "png", {}, 3, [], 0),
    ("P", "png", {"bits": 8}, 3, [], 0),
    ("P", "gif", {}, 3, [], 0),
    ("P", "bmp", {}, 3, [], 0),
    ("P", "tiff", {}, 3, [], 0),
    ("P grey", "png", {}, 3, [], 0),
    ("P grey", "gif", {}, 3, [], 0),
    ("P grey", "bmp", {}, 3, [], 0),
    ("P", "png", {"transparency": 3}, 3, [], 0),
    ("P", "gif", {"transparency": 3}, 3, [], 0),
    ("RGB", "png", {}, 3, [], 0),
    ("RGB", "png", {"optimize": True, "compress_level": 9}, 3, [], 0),
    ("RGB", "jpg", {"quality": 95, "progressive": True}, 3, [], LOSSY),
    ("RGB", "jpg", {"quality": 95, "subsampling": 0}, 3, [], LOSSY),
    ("RGB", "jpg", {"quality": 95, "subsampling": 2, "optimize": True}, 3, [], LOSSY),
    ("RGB", "jpg", {"quality": 95, "keep_rgb": True}, 3, [], LOSSY),
    ("RGB", "jpg", {"quality": 95, "restart_marker_rows": 1}, 3, [], LOSSY),
    ("RGB", "bmp", {}, 3, [], 0),
    ("RGB", "webp", {"lossless": True}, 3, [], 0),
    ("RGB", "webp", {"quality": 95}, 3, [], 8),
    ("RGB", "tiff", {}, 3, [], 0),
    ("RGB", "tiff", {"compression": "tiff_adobe_deflate"}, 3, [], 0),
    ("RGB", "tiff", {"compression": "jpeg", "quality": 95}, 3, [], LOSSY),
    ("RGB", "tiff", {"compression": "tiff_lzw", "tiffinfo": {317: 2}}, 3, [], 0),
    ("RGB", "png", {"transparency": (100, 100, 100)}, 3, [], 0),
    ("RGBA", "png", {}, 3, ["colour"], 0),
    ("RGBA", "webp", {"lossless": True, "exact": True}, 3, ["colour"], 0),
    ("RGBA", "tiff", {}, 3, ["colour"], 0),
    ("RGBA", "bmp", {}, 3, [], 0),
    ("RGBX", "png", {}, 3, [], 0),
    ("CMYK", "jpg", {"quality": 95}, 3, [], 8),
    ("CMYK", "tiff", {}, 3, [], 4),
    ("YCbCr", "jpg", {"quality": 95}, 3, [], LOSSY),
    ("YCbCr", "tiff", {}, 3, [], 4),
    ("LAB", "tiff", {}, 3, [], 4),
    ("I;16", "png", {}, 1, [], 0),
    ("I;16", "tiff", {}, 1, [], 0),
    ("I;16 low", "png", {}, 1, [], 0),
    ("I", "png", {}, 1, [], 0),
    ("I", "tiff", {}, 1, ["depth"], 0),
    ("F", "tiff", {}, 1, ["depth"], 0),
]


def of_format(root, random, index):
    """Writes images in one format and mode."""
    mode, ending, options, channels, notes, within = FORMATS[index]
    folder = Folder(root, f"format{index}")
    try:
        for number in range(2):
            folder.save(f"{number}.{ending}", image_of(random, mode), **options)
    except (OSError, ValueError, SystemError) as error:
        print(f"Pillow does not write {mode} as {ending}: {error}")
        return None
    files = [f"{number}.{ending}" for number in range(2)]
    plain = mode in ("1", "L", "P", "RGB", "RGBA", "LA") and ending in ("png", "jpg", "gif")
    try:
        return case(f"{mode} as {ending}", folder, files, channels, notes, within, plain=plain)
    except OSError as error:
        print(f"Pillow does not read what it wrote, {mode} as {ending}: {error}")
        return None


def orientations(root, random, ending):
    """Writes images of every orientation of EXIF."""
    cases = []
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        folder = Folder(root, f"orientation {ending} {orientation}")
        options = {"exif": exif}
        if ending == "tiff":
            info = ImageFileDirectory_v2()
            info[ORIENTATION] = orientation
            options = {"tiffinfo": info}
        folder.save(
            f"0.{ending}", image_of(random, "RGB"), **options, **({"lossless": True} if ending == "webp" else {})
        )
        within = LOSSY if ending == "jpg" else 0
        notes = ["orientation"] if orientation > 1 else []
        cases.append(case(f"orientation in {ending}", folder, [f"0.{ending}"], 3, notes, within, plain=ending == "jpg"))
    return cases


def png(width, height, depth, colour, rows, extra=b"", interlaced=0):
    """Returns a PNG of bits that Pillow does not write. Rows are bytes without a filter."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def chunk_of(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def interlaced(values):
    """Returns the rows of an interlaced grey PNG (Adam7)."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for x, y, step_x, step_y in passes:
        part = values[y::step_y, x::step_x]
        if part.size:
            rows += b"".join(b"\0" + row.tobytes() for row in part)
    return rows


def special(root, random):
    """Returns cases of single files that need more than an option of Pillow."""
    cases = []

    def single(kind, name, content, channels, notes=(), within=0, plain=True):
        folder = Folder(root, f"special{len(cases)}")
        folder.write(name, content)
        cases.append(case(kind, folder, [name], channels, notes, within, plain=plain))

    grey = smooth(random, 1)[:, :, 0]
    rows = b"".join(b"\0" + row.tobytes() for row in grey)
    single("PNG: interlaced", "0.png", png(WIDTH, HEIGHT, 8, 0, interlaced(grey), interlaced=1), 1)
    single("PNG: gamma", "0.png", png(WIDTH, HEIGHT, 8, 0, rows, chunk_of(b"gAMA", struct.pack(">I", 100_000))), 1)
    profile = chunk_of(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))
    single("PNG: colour profile", "0.png", png(WIDTH, HEIGHT, 8, 0, rows, profile), 1, plain=False)
    packed = random.integers(0, 256, (HEIGHT, 6), dtype=np.uint8)
    single("PNG: 4 bits", "0.png", png(WIDTH, HEIGHT, 4, 0, b"".join(b"\0" + row.tobytes() for row in packed)), 1)
    packed = random.integers(0, 256, (HEIGHT, 3), dtype=np.uint8)
    single("PNG: 2 bits", "0.png", png(WIDTH, HEIGHT, 2, 0, b"".join(b"\0" + row.tobytes() for row in packed)), 1)
    deep = random.integers(0, 256, (HEIGHT, WIDTH * 6), dtype=np.uint8)
    deep_png = png(WIDTH, HEIGHT, 16, 2, b"".join(b"\0" + row.tobytes() for row in deep))
    # Pillow reads the high bytes only.
    values = deep.view(">u2").reshape(HEIGHT, WIDTH, 3).astype(np.float64)
    folder = Folder(root, f"special{len(cases)}")
    folder.write("0.png", deep_png)
    references = [Pictures([values], None, 0)]
    cases.append(Case("PNG: 16 bits of colour", {"data": folder.path}, references, plain=True, notes=[]))
    frames = [image_of(random, "RGB") for _ in range(3)]
    for kind, name, options in [
        ("GIF", "0.gif", {}),
        ("WebP", "0.webp", {"lossless": True}),
        ("PNG", "0.png", {}),
        ("TIFF", "0.tiff", {}),
    ]:
        content = io.BytesIO()
        frames[0].save(content, kind, save_all=True, append_images=frames[1:], **options)
        single(f"{kind}: three frames", name, content.getvalue(), 3, ["frames"])
    content = io.BytesIO()
    image_of(random, "RGB").save(content, "MPO", save_all=True, append_images=[image_of(random, "RGB")])
    single("JPEG: two pictures", "0.jpg", content.getvalue(), 3, [], LOSSY)
    content = io.BytesIO()
    colours = image_of(random, "RGB")
    colours.save(content, "PNG", icc_profile=srgb())
    single("PNG: sRGB profile", "0.png", content.getvalue(), 3)
    return cases


def srgb():
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def layouts(root, random):
    """Returns cases of folders: classes, hidden files, other endings, cut files, mixed sizes and modes."""
    cases = []

    def new():
        return Folder(root, f"layout{len(cases)}")

    def refusable(kind, folder, files, channels, **more):
        cases.append(case(kind, folder, files, channels, plain=False, **more))

    folder = new()
    for name in ("a/0.png", "a/1.PNG", "b/2.Jpg", "b/10.png"):
        folder.save(
            name, image_of(random, "L"), **({"format": "PNG"} if name.endswith("g") and "J" not in name else {})
        )
    cases.append(case("classes, upper-case endings", folder, ["a/0.png", "a/1.PNG", "b/2.Jpg", "b/10.png"], 1,
                      within=LOSSY, labels=["a", "a", "b", "b"]))  # fmt: skip
    folder = new()
    folder.save("0.png", image_of(random, "L"))
    folder.save(".1.png", image_of(random, "L"))
    folder.write("notes.txt", b"words")
    cases.append(case("hidden and other files", folder, ["0.png"], 1, ["files"]))
    folder = new()
    folder.save("0.png", image_of(random, "L"))
    folder.save("1.ppm", image_of(random, "L"))
    folder.save("2.jp2", image_of(random, "L"))
    folder.save("3.ico", image_of(random, "L", (16, 16)))
    cases.append(case("formats that are not read", folder, ["0.png"], 1, ["files"]))
    folder = new()
    folder.save("0.jpg", image_of(random, "L"), format="PNG")
    folder.save("1.png", image_of(random, "L"), format="JPEG", quality=95)
    folder.save("2.gif", image_of(random, "L"), format="TIFF")
    cases.append(case("wrong endings", folder, ["0.jpg", "1.png", "2.gif"], 1, within=LOSSY))
    folder = new()
    folder.save("0.png", image_of(random, "L"), format="PPM")
    refusable("a format that is not read with a wrong ending", folder, ["0.png"], 1)
    folder = new()
    folder.save("a/b/0.png", image_of(random, "L"))
    refusable("nested classes", folder, ["a/b/0.png"], 1, labels=["a/b"])
    folder = new()
    folder.save("0.png", image_of(random, "L"))
    folder.save("a/0.png", image_of(random, "L"))
    refusable("images and classes", folder, ["0.png", "a/0.png"], 1)
    folder = new()
    folder.save("0.png", image_of(random, "L"))
    folder.save("1.png", image_of(random, "L", (5, 5)))
    refusable("mixed sizes", folder, ["0.png", "1.png"], 1)
    folder = new()
    folder.save("0.png", image_of(random, "L"))
    folder.save("1.png", image_of(random, "RGB"))
    refusable("mixed modes, grey first", folder, ["0.png", "1.png"], 1)
    folder = new()
    folder.save("0.png", image_of(random, "RGB"))
    folder.save("1.png", image_of(random, "L"))
    refusable("mixed modes, colour first", folder, ["0.png", "1.png"], 3)
    for channels, count in (("grey", 1), ("rgb", 3)):
        folder = new()
        modes = ["L", "RGB", "1", "RGBX"]
        for number, mode in enumerate(modes):
            folder.save(f"{number}.png", image_of(random, mode))
        files = [f"{number}.png" for number in range(len(modes))]
        cases.append(
            case(f"mixed modes as {channels}", folder, files, count, within=1 if count == 1 else 0, channels=channels)
        )
    folder = new()
    folder.save("0.png", image_of(random, "L", (44, 28)))
    resized = case("resized", folder, ["0.png"], 1, within=2, resize="11x7")
    with Image.open(os.path.join(folder.path, "0.png")) as image:
        resized.references[0].arrays = [pixels(image.resize((11, 7), Image.Resampling.BILINEAR), 1).astype(np.float64)]
    cases.append(resized)
    lossless, lzw = {"lossless": True}, {"compression": "tiff_lzw"}
    kinds = [("png", {}), ("jpg", {}), ("jpg", {"progressive": True}), ("gif", {}), ("bmp", {}), ("webp", {})]
    for ending, options in [*kinds, ("webp", lossless), ("tiff", {}), ("tiff", lzw)]:
        for part in (0.0, 0.5, 0.95):
            folder = new()
            whole = io.BytesIO()
            kind = {"jpg": "JPEG", "tiff": "TIFF"}.get(ending, ending.upper())
            image_of(random, "RGB", (64, 48)).save(whole, kind, **options)
            folder.write(f"0.{ending}", whole.getvalue()[: int(part * len(whole.getvalue()))])
            cases.append(Case(f"cut off: {ending}", {"data": folder.path}, [Pictures([], None)]))
    return cases


def all_images(root, random):
    """Returns all cases, about a hundred folders."""
    cases = [each for each in (of_format(root, random, index) for index in range(len(FORMATS))) if each]
    for ending in ("jpg", "png", "webp", "tiff"):
        cases += orientations(root, random, ending)
    return cases + special(root, random) + layouts(root, random)
