"""What scikit-image makes of pictures that test/metrics/pictures.ts makes too, from the same whole numbers.

No pictures are stored: a case is a name, a size and a kind of change, by which both pictures follow (see `make_case`).
"""

import numpy as np
import skimage
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from skimage.transform import swirl

from hashing import key_of, random_bits

# Name, height, width, how the second picture differs.
CASES = [
    ("smallest", 11, 11, "noise"),
    ("wide", 13, 40, "noise"),
    ("two_scales", 23, 37, "blocks"),
    ("three_scales", 64, 64, "noise"),
    ("four_scales", 96, 82, "blocks"),
    ("almost_five_scales", 160, 171, "noise"),
    ("five_scales", 161, 161, "noise"),
    ("five_scales_blocks", 200, 181, "blocks"),
    ("faint", 176, 176, "faint"),
    ("inverse", 170, 161, "inverse"),
    ("darker", 64, 48, "darker"),
    ("equal", 180, 180, "equal"),
    ("flat", 32, 32, "flat"),
]
SWIRLS = [("swirl_square", 48, 48, 10, 14.0625), ("swirl_wide", 40, 60, 3, 12.5), ("swirl_back", 33, 31, -5, 20)]
WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]
SMALLEST, BORDER = 11, 5


def noise(name, count, amplitude):
    return random_bits(key_of(name), np.arange(count)).astype(np.int64) % (2 * amplitude + 1) - amplitude


def triangle(values):
    return np.abs(values % 510 - 255)


def make_picture(name, height, width):
    """Crossing waves with a little noise, 8 bits."""
    y, x = np.mgrid[:height, :width].astype(np.int64)
    waves = (triangle(9 * x + 5 * y) + triangle(3 * x * x // 16 - 7 * y + 5100) + triangle(2 * y * y // 8 + x)) // 3
    return np.clip(waves + noise(name, height * width, 6).reshape(height, width), 0, 255)


def make_case(name, height, width, change):
    first = make_picture(name, height, width)
    count = height * width
    second = {
        "noise": lambda: first + noise(name + ".change", count, 40).reshape(first.shape),
        "faint": lambda: first + noise(name + ".change", count, 1).reshape(first.shape),
        "blocks": lambda: first // 32 * 32 + 16,
        "inverse": lambda: 255 - first,
        "darker": lambda: first // 2,
        "equal": lambda: first,
        "flat": lambda: np.full_like(first, 100),
    }[change]()
    return first.astype(np.uint8), np.clip(second, 0, 255).astype(np.uint8)


def smooth(values):
    """As structural_similarity with gaussian_weights does, without the border that it leaves out."""
    blurred = gaussian_filter(values, 1.5, truncate=3.5)
    return blurred[BORDER:-BORDER, BORDER:-BORDER]


def structure(first, second):
    """Mean SSIM, and the mean of its contrast and structure part."""
    mean_1, mean_2 = smooth(first), smooth(second)
    variances = smooth(first * first) + smooth(second * second) - mean_1**2 - mean_2**2
    covariance = smooth(first * second) - mean_1 * mean_2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    contrast = (2 * covariance + c2) / (variances + c2)
    luminance = (2 * mean_1 * mean_2 + c1) / (mean_1**2 + mean_2**2 + c1)
    return (luminance * contrast).mean(), contrast.mean()


def halve(values):
    """Means of 2 by 2; the last row or column of an odd number is taken twice."""
    padded = np.pad(values, [(0, side % 2) for side in values.shape], mode="edge")
    return (padded[::2, ::2] + padded[1::2, ::2] + padded[::2, 1::2] + padded[1::2, 1::2]) / 4


def ms_ssim(first, second):
    """The value and how many scales fit."""
    parts = []
    while len(parts) < len(WEIGHTS) and min(first.shape) >= SMALLEST:
        parts.append(structure(first, second))
        first, second = halve(first), halve(second)
    weights = np.array(WEIGHTS[: len(parts)]) / sum(WEIGHTS[: len(parts)])
    factors = [contrast for _, contrast in parts[:-1]] + [parts[-1][0]]
    return float(np.prod(np.maximum(factors, 0) ** weights)), len(parts)


def golden(name, height, width, change):
    first, second = make_case(name, height, width, change)
    expected = structural_similarity(
        first, second, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    floats = first.astype(np.float64), second.astype(np.float64)
    assert abs(structure(*floats)[0] - expected) < 1e-12
    value, scales = ms_ssim(*floats)
    result = {"name": name, "height": height, "width": width, "change": change}
    result.update(ssim=expected, contrast=structure(*floats)[1], ms_ssim=value, scales=scales)
    result["absolute_error"] = float(np.abs(floats[0] - floats[1]).mean())
    result["psnr"] = None if change == "equal" else peak_signal_noise_ratio(first, second, data_range=255)
    return result


def swirl_golden(name, height, width, strength, radius):
    """Sums of the rows and columns of a picture after skimage.transform.swirl."""
    picture = make_picture(name, height, width).astype(np.float64)
    turned = swirl(picture, strength=strength, radius=radius, mode="edge", preserve_range=True)
    result = {"name": name, "height": height, "width": width, "strength": strength, "radius": radius}
    return {**result, "rows": turned.sum(1).tolist(), "columns": turned.sum(0).tolist()}


def quality_goldens():
    """What made them and the swirled pictures, and the pairs of pictures with their measures."""
    swirls = [swirl_golden(*case) for case in SWIRLS]
    return {"scikit-image": skimage.__version__, "swirls": swirls}, [golden(*case) for case in CASES]
