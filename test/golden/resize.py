"""What Pillow's Lanczos filter makes of small images, for src/images/resize.ts and src/images/gray.ts.

Pixels are stored whole, as base64 of their bytes, 16-bit ones little-endian. Pillow resizes 16 bits in its mode "I", which does not clip
between its two passes; the 16-bit image therefore stays far from black and white, where clipping makes no difference.
"""

import base64

import numpy as np
import PIL
from PIL import Image

SEED = 816


def images():
    generator = np.random.default_rng(SEED)

    def image(height, width, channels, low, high, noise):
        coarse = generator.uniform(low, high, (5, 6, channels))
        smooth = np.stack(
            [
                np.asarray(Image.fromarray(coarse[..., c].astype(np.float32)).resize((width, height), Image.BICUBIC))
                for c in range(channels)
            ],
            axis=-1,
        )
        return smooth + generator.uniform(-noise, noise, smooth.shape)

    gray = np.clip(image(47, 61, 1, -40, 300, 30), 0, 255).astype(np.uint8)[..., 0]
    # Edges from black to white, where the filter overshoots.
    gray[10:20, 15:40] = 255
    gray[12:18, 20:30] = 0
    colour = np.clip(image(53, 40, 3, -20, 280, 20), 0, 255).astype(np.uint8)
    deep = image(37, 45, 1, 20000, 40000, 500).astype(np.uint16)[..., 0]
    return {"gray": gray, "colour": colour, "deep": deep}


def encode(pixels):
    data = pixels.astype("<u2") if pixels.dtype == np.uint16 else pixels
    return {
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "channels": pixels.shape[2] if pixels.ndim == 3 else 1,
        "bits": 8 * data.dtype.itemsize,
        "pixels": base64.b64encode(data.tobytes()).decode(),
    }


def resize(pixels, size):
    if pixels.dtype == np.uint16:
        resized = np.asarray(Image.fromarray(pixels.astype(np.int32), "I").resize(size, Image.LANCZOS))
        assert resized.min() > 0 and resized.max() < 65535
        return resized.astype(np.uint16)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.LANCZOS))


def fit(pixels, side):
    """The longer side to `side`, then black on both sides."""
    image = Image.fromarray(pixels)
    size = [length * side // max(image.size) for length in image.size]
    square = Image.new(image.mode, (side, side))
    square.paste(image.resize(size, Image.LANCZOS), ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(square)


def resize_goldens():
    sources = images()
    sizes = [(20, 15), (61, 20), (13, 47), (1, 1), (100, 90), (61, 47), (30, 100)]
    cases = [
        {"source": name, "operation": "resize", **encode(resize(pixels, size))}
        for name, pixels in sources.items()
        for size in sizes
    ]
    cases += [
        {"source": name, "operation": "fit", **encode(fit(sources[name], side))}
        for name in ("gray", "colour")
        for side in (16, 33, 64)
    ]
    gray = np.asarray(Image.fromarray(sources["colour"]).convert("L"))
    cases.append({"source": "colour", "operation": "gray", **encode(gray)})
    header = {"pillow": PIL.__version__, "sources": {name: encode(pixels) for name, pixels in sources.items()}}
    return header, cases
