"""The counter-based random numbers of src/random.ts, vectorised: same keys and counters, same float32 values.

`uniform_array` is equal bit for bit. `normal_array` goes through log and cos, whose last bit may differ between
implementations, so that one value in some millions may differ in its last float32 bit.
"""

import numpy as np


def mix32(value):
    """Mixes 32-bit integers (scalar or array)."""
    x = np.asarray(value, dtype=np.uint32)
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x21F0AAAD)
        x = (x ^ (x >> np.uint32(15))) * np.uint32(0x735A2D97)
    return x ^ (x >> np.uint32(15))


def random_bits(key, counter):
    """Random 32-bit integers for `counter` (scalar or array) in the stream `key`."""
    start = mix32(np.uint32(key) ^ np.uint32(0x9E3779B9))
    with np.errstate(over="ignore"):
        return mix32(start + np.asarray(counter, dtype=np.uint32) * np.uint32(0x85EBCA6B))


def join_keys(first, second):
    """Joins two keys into one."""
    return int(mix32(int(mix32(first)) ^ ((second + 1) * 0xC2B2AE35 & 0xFFFFFFFF)))


def key_of(name):
    """A 32-bit key for a name: FNV-1a over its UTF-8 bytes."""
    key = 0x811C9DC5
    for byte in name.encode():
        key = (key ^ byte) * 0x01000193 & 0xFFFFFFFF
    return key


def random_uniform(key, counter):
    """Uniform float64 numbers in [0, 1) with 24 bits."""
    return (random_bits(key, counter) >> np.uint32(8)).astype(np.float64) / 16777216


def uniform_array(key, count, low, high):
    """`count` uniform float32 numbers in [low, high) from the stream `key`."""
    return (low + (high - low) * random_uniform(key, np.arange(count))).astype(np.float32)


def normal_array(key, count):
    """`count` standard normal float32 numbers from the stream `key` (Box-Muller, two counters a value)."""
    counter = 2 * np.arange(count)
    radius = np.sqrt(-2 * np.log(1 - random_uniform(key, counter)))
    return (radius * np.cos(2 * np.pi * random_uniform(key, counter + 1))).astype(np.float32)
