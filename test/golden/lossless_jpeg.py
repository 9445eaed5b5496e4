"""Encodes lossless JPEG images with any predictor, precision, restart interval and point transform (ITU-T T.81, annex H)."""

import struct


def _predict(rows, y, x, predictor, start, is_first):
    line = rows[y]
    if is_first:
        return start if x == 0 else line[x - 1]
    above = rows[y - 1]
    if x == 0:
        return above[0]
    a, b, c = line[x - 1], above[x], above[x - 1]
    return {1: a, 2: b, 3: c, 4: a + b - c, 5: a + ((b - c) >> 1), 6: b + ((a - c) >> 1), 7: (a + b) >> 1}[predictor]


def _entropy_code(bits):
    bits += "1" * (-len(bits) % 8)
    raw = int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""
    return raw.replace(b"\xff", b"\xff\0")


def encode_lossless(pixels, precision, predictor, restart_rows=0, shift=0):
    """`pixels` [height, width], already without their lowest `shift` bits. A restart comes after every `restart_rows` rows."""
    rows = [[int(value) for value in row] for row in pixels]
    height, width = len(rows), len(rows[0])
    start = 1 << (precision - shift - 1)
    # Seventeen categories: one code of 3 bits, the rest of 5 bits.
    code = {0: "000", **{size: format(4 + size - 1, "05b") for size in range(1, 17)}}
    table = bytes([0x00]) + bytes([0, 0, 1, 0, 16] + [0] * 11) + bytes(range(17))
    out = b"\xff\xd8"
    out += b"\xff\xc3" + struct.pack(">HBHHB", 11, precision, height, width, 1) + bytes([1, 0x11, 0])
    out += b"\xff\xc4" + struct.pack(">H", 2 + len(table)) + table
    if restart_rows:
        out += b"\xff\xdd" + struct.pack(">HH", 4, restart_rows * width)
    out += b"\xff\xda" + struct.pack(">HB", 8, 1) + bytes([1, 0x00, predictor, 0, shift])
    bits, restarts = "", 0
    for y in range(height):
        is_restart = restart_rows > 0 and y > 0 and y % restart_rows == 0
        if is_restart:
            out += _entropy_code(bits) + bytes([0xff, 0xd0 + restarts % 8])
            bits, restarts = "", restarts + 1
        for x in range(width):
            difference = (rows[y][x] - _predict(rows, y, x, predictor, start, y == 0 or is_restart)) & 0xffff
            if difference > 32768:
                difference -= 65536
            size = abs(difference).bit_length() if difference != 32768 else 16
            bits += code[size]
            if 0 < size < 16:
                bits += format(difference if difference > 0 else difference + (1 << size) - 1, f"0{size}b")
    return out + _entropy_code(bits) + b"\xff\xd9"
