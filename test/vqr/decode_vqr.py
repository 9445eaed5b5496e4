#!/usr/bin/python3
"""Decodes direct .vqr files, written from docs/vqr-format.md alone. Slow and plain: an oracle for the document.

usage: decode_vqr.py FILE.vqr [OUTPUT]   prints the header and whether the hash agrees; OUTPUT gets the raw samples
       decode_vqr.py --check FOLDER      decodes every .vqr file of a folder
"""
import hashlib
import pathlib
import sys

CRC_TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = (byte >> 1) ^ 0x82F63B78 if byte & 1 else byte >> 1
    CRC_TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def div(a, b):
    return a // b if a >= 0 else -(-a // b)


def clamp(v, low, high):
    return low if v < low else high if v > high else v


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        assert self.at + count <= len(self.data), "ends too early"
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")

    def varint(self):
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                assert value < 1 << 32 and (byte or shift == 7), "invalid number"
                return value


# Section 6: tables.

ONE = 1 << 30
E = [ONE]
for _ in range(3072):
    E.append((E[-1] * 1069555639 + (1 << 29)) >> 30)


def squash(d):
    s = max(1, (E[abs(d)] << 16) // (ONE + E[abs(d)]))
    return s if d < 0 else 65536 - s


def ln(x):
    e = 0
    while x < 1 << 30:
        x, e = x * 2, e - 1
    while x >= 1 << 31:
        x, e = x >> 1, e + 1
    for _ in range(16):
        x, e = (x * x) >> 30, 2 * e
        if x >= 1 << 31:
            x, e = x >> 1, e + 1
    return (e * 2907270 + (1 << 29)) >> 30


SQUASH = [squash(d) for d in range(-3072, 3072)]
SOFT = [ln(ONE + E[z]) for z in range(2048)]
GAP = [-1600] + [ln(ONE - E[z]) for z in range(1, 2048)]
STRETCH = []
d = -3071
for i in range(4096):
    while d < 3071 and squash(d) < 16 * i + 8:
        d += 1
    STRETCH.append(d)
CUBE = [(1 << 32) // max(16, e) ** 3 for e in range(1024)]
RATE = [131072 // (2 * n + 3) for n in range(256)]
TRUST = [256 * (2 * n + 1) // (2 * n + 4) for n in range(256)]


def check_tables():
    def packed(values, size):
        return b"".join(v.to_bytes(size, "little", signed=v < 0) for v in values)

    assert crc32c(packed(SQUASH, 2)) == 0x0EB41312
    assert crc32c(packed(STRETCH, 2)) == 0xBF10A39D
    assert crc32c(packed(SOFT, 4)) == 0x08E63ACB
    assert crc32c(packed(GAP, 4)) == 0xD133F673


def soft(z):
    if z < 0:
        return -z + soft(-z)
    return SOFT[z] if z < 2048 else 0


def gap(z):
    return GAP[z] if z < 2048 else 0


class Bits:
    """Section 6: the decoder of bits and the mixer."""

    def __init__(self, data, contexts):
        self.data, self.at = data, 0
        self.low, self.high, self.value = 0, 0xFFFFFFFF, 0
        for _ in range(4):
            self.value = self.value << 8 | self.next()
        self.contexts = contexts
        self.slots = [{} for _ in range(contexts)]
        weights = [18000 // contexts] * contexts + [0] * (11 - contexts) + [3000] * 4 + [0]
        self.first = weights
        self.sets = ({}, {})
        self.x = [0] * 15 + [256]
        self.values = [0] * contexts

    def next(self):
        self.at += 1
        assert self.at <= len(self.data) + 3, "the data of a tile end too early"
        return self.data[self.at - 1] if self.at <= len(self.data) else 0

    def code(self, p):
        size = self.high - self.low
        middle = self.low + (size >> 16) * p + (((size & 0xFFFF) * p) >> 16)
        if self.value <= middle:
            bit, self.high = 1, middle
        else:
            bit, self.low = 0, middle + 1
        while self.low >> 24 == self.high >> 24:
            self.low = self.low << 8 & 0xFFFFFFFF
            self.high = self.high << 8 & 0xFFFFFFFF | 255
            self.value = self.value << 8 & 0xFFFFFFFF | self.next()
        return bit

    def distributions(self, logits):
        self.x[11:15] = [clamp(v, -2047, 2047) for v in logits]

    def mixed(self, node, first, second):
        x, slots = self.x, []
        for i in range(self.contexts):
            slot = self.slots[i].setdefault((self.values[i], node), [0, 0])
            slots.append(slot)
            x[i] = x[11] if slot[1] == 0 else (STRETCH[slot[0] >> 10] * TRUST[slot[1]]) >> 8
        sets = [self.sets[a].setdefault(s, list(self.first)) for a, s in ((0, first), (1, second))]
        ds = [clamp(sum(a * b for a, b in zip(x, w)) >> 14, -3071, 3071) for w in sets]
        bit = self.code(squash((ds[0] + ds[1]) >> 1))
        for w, d in zip(sets, ds):
            e = ((65536 * bit - squash(d)) * 3) >> 5
            for i in range(16):
                w[i] = clamp(w[i] + ((4 * x[i] * e + (1 << 14)) >> 15), -32768, 32767)
        for slot in slots:
            if slot[1] == 0:
                slot[0] = 64 * squash(x[11])
            slot[0] += (((4194303 if bit else 0) - slot[0]) * RATE[slot[1]]) >> 16
            slot[1] = min(255, slot[1] + 1)
        return bit

    def plain(self):
        return self.code(squash(sum(self.x[11:15]) >> 2))


# Section 7: the model of a plane.


def level(v):
    if v < 3:
        return v
    l = v.bit_length()
    return 2 * l + ((v >> (l - 2)) & 1) - 1


def level31(v):
    return min(31, level(v))


def signed(v):
    return 8 + min(8, level(v)) if v >= 0 else 8 - min(8, level(-v))


class Rows:
    """Three rows of a quantity with four columns on each side."""

    def __init__(self, width, zero=0):
        self.width = width
        self.rows = [[zero] * (width + 8) for _ in range(3)]

    def begin(self):
        above = self.rows[0]
        self.rows = [[above[4]] * 4 + [above[4]] * (self.width + 4)] + self.rows[:2]
        above[self.width + 4:] = [above[self.width + 3]] * 4

    def __call__(self, x, row, column):
        return self.rows[-row][x + column + 4]


TAPS = [(0, -1), (-1, -1), (-1, 1), (0, -2), (-2, 0), (-2, 1), (-2, -1), (-1, -2), (-1, 2), (0, -3), (-2, 2)]


class LeastSquares:
    def __init__(self, width):
        self.c = [12288, -8192, 4096] + [0] * 8
        self.width = width
        self.k = [[[0] * 12 for _ in range(11)] for _ in range(width)]

    def predict(self, x, t):
        columns = self.k[max(0, x - 6):x + 7]
        w = [[sum(k[i][j] for k in columns) for j in range(12)] for i in range(11)]
        c = self.c
        for i in range(11):
            rest = 16384 * w[i][11] - sum(w[i][j] * c[j] for j in range(11))
            c[i] = clamp(c[i] + div(rest, w[i][i] + 125), -65536, 65536)
        return (sum(a * b for a, b in zip(c, t)) + 512) >> 10

    def learn(self, x, t, noise):
        f = (1 << 20) // noise
        u = [clamp((v * f) >> 12, -1023, 1023) for v in t]
        for i in range(11):
            row = self.k[x][i]
            for j in range(12):
                row[j] += u[i] * u[j] - (row[j] >> 3)


def decode_plane(data, width, height, M, N, best, side):
    q, T = 2 * N + 1, 16 * M
    bits = Bits(data, 11 if best else 3)
    count = 10 if best else 6
    X, A, D = Rows(width), Rows(width), [Rows(width) for _ in range(count)]
    bias = {}
    tables = [{} for _ in range(4)]
    least = LeastSquares(width)
    result, errors = [], []
    for y in range(height):
        for rows in [X, A] + D:
            rows.begin()
        for x in range(width):
            s = lambda row, column: X(x, row, column)
            n, w, nw, ne, ww, nn = s(-1, 0), s(0, -1), s(-1, -1), s(-1, 1), s(0, -2), s(-2, 0)
            nne = s(-2, 1)
            pr = [16 * (n + w - nw), 16 * n, 16 * w, 8 * (n + w) + 4 * (ne - nw), 16 * (n + ne - nne),
                  16 * (w + ne - n)]
            if best:
                t = [s(*at) - n for at in TAPS]
                F = clamp(16 * n + least.predict(x, t), 0, T)
                med = min(n, w) if nw >= max(n, w) else max(n, w) if nw <= min(n, w) else n + w - nw
                pr += [8 * (2 * w - ww + 2 * n - nn), 16 * med, F, 4 * (n + w + ne + nw)]
            pr = [clamp(v, 0, T) for v in pr]
            if not best:
                F = pr[3]
            es = [16 + 2 * (d(x, 0, -1) + d(x, -1, 0)) + d(x, -1, -1) + d(x, -1, 1) + d(x, 0, -2) + d(x, -2, 0)
                  for d in D]
            h = max(0, min(es).bit_length() - 7)
            gs = [CUBE[min(1023, e >> h)] for e in es]
            B = div(sum(g * v for g, v in zip(gs, pr)), sum(gs))
            a = lambda row, column: A(x, row, column)
            S = 2 * (a(0, -1) + a(-1, 0)) + a(-1, -1) + a(-1, 1) + a(0, -2) + a(-2, 0)
            activity = min(47, level(S >> 4))
            a31 = min(31, activity)
            k = max(0, ((S >> 7) // q).bit_length() - 1)
            G = abs(n - nw) + abs(w - nw) + abs(n - ne) + abs(ww - w) + abs(n - nn)
            texture = sum((v > B >> 4) << i for i, v in enumerate((n, w, nw, ne, ww, nn)))
            b0 = bias.setdefault((0, texture + 64 * a31), [0, 0])
            b1 = bias.setdefault((1, 17 * signed((w - n) >> k) + signed((ne - nw) >> k)), [0, 0])
            mu = clamp(B + ((2 * b0[0] + 2 * b1[0]) >> 8), 0, T)
            p = (mu + 8) >> 4
            sl = level31(side[len(result)] >> 1) if side else 16 * x // width
            c6 = 32 * level31(a(0, -1) >> 3) + level31(a(-1, 0) >> 3)
            c10 = 32 * level31(G) + a31
            values = [16 * activity + (mu & 15), 32 * signed((w - p) >> k) + signed((n - p) >> k), 32 * sl + a31]
            if best:
                values += [16 * texture + min(15, activity >> 1),
                           (8 * (128 * p // (M + 1)) + min(7, activity >> 2)) & 1023,
                           32 * level31((a(-1, -1) + a(-1, 1)) >> 3) + level31(abs(w - n)), c6,
                           32 * signed((F - mu) >> 1) + a31, 32 * signed((ne - p) >> k) + signed((nw - p) >> k),
                           32 * signed((ww - p) >> k) + signed((nn - p) >> k), c10]
            bits.values = values
            keys = [values[0], c10, 32 * level31(abs(F - B)) + a31, c6]
            entries = [table.setdefault(key, [0, 0]) for table, key in zip(tables, keys)]
            inverses = [(355 << 16) // max(15, (e[0] + 3 * ((S >> 1) + 38)) // (e[1] + 3)) for e in entries]
            Z = lambda d: [clamp((d * inverse) >> 13, -8000, 8000) for inverse in inverses]

            edge = 16 * (p - N) - 8
            upper = 1
            if p - N - 1 >= 0:
                bits.distributions(Z(mu - edge))
                upper = bits.mixed(0, activity, 0)
            if upper:
                begin, room, o = edge - mu, (M - p + N) // q, 32
            else:
                begin, room, o = mu - edge, (p - N - 1) // q, 0
            start, size, bucket, Q = 0, 1 << k, 0, 16 * q
            while start + size <= room:
                bits.distributions([soft(-z1) - (z2 - z1) - gap(z2 - z1)
                                    for z1, z2 in zip(Z(begin + start * Q), Z(begin + (start + size) * Q))])
                r = 1 + min(11, bucket)
                if not bits.mixed(o + r, 48 * (1 + min(15, bucket)) + activity, o + r):
                    break
                start += size
                if bucket > 0:
                    size *= 2
                bucket += 1
            half, depth, prefix = size // 2, 0, 0
            while half > 0:
                if start + half <= room:
                    zs = zip(Z(begin + start * Q), Z(begin + (start + half) * Q), Z(begin + (start + 2 * half) * Q))
                    bits.distributions([z1 - z0 + soft(z0) - soft(z2) for z0, z1, z2 in zs])
                    if depth < 2:
                        r = 13 + min(8, bucket) if depth == 0 else 22 + 2 * min(4, bucket) + prefix
                        prefix = bits.mixed(o + r, 48 * (20 + depth) + activity, o + r)
                    else:
                        prefix = bits.plain()
                    start += half * prefix
                else:
                    prefix = 0
                depth += 1
                half //= 2
            v = clamp(p + (start if upper else -1 - start) * q, 0, M)

            result.append(v)
            X.rows[0][x + 4] = v
            if y == 0:
                for row in X.rows[1:]:
                    row[x + 5:x + 9] = [v] * len(row[x + 5:x + 9])
            A.rows[0][x + 4] = abs(16 * v - B)
            for d, prediction in zip(D, pr):
                d.rows[0][x + 4] = abs(16 * v - prediction)
            U = abs(16 * v - mu)
            errors.append(U)
            for b in (b0, b1):
                b[0] += div(64 * (16 * v - B) - b[0], b[1] + 3)
                b[1] = min(60, b[1] + 1)
            for e in entries:
                e[0] += 8 * min(U, 1 << 20)
                if e[1] >= 200:
                    e[0], e[1] = e[0] >> 1, (e[1] + 1) >> 1
                else:
                    e[1] += 1
            if best:
                least.learn(x, t + [v - n], (S >> 7) + (G >> 2) + 2)
    assert bits.at >= len(data), "the data of a tile go on after its end"
    return result, errors


# Sections 2 to 5.


def decode_tile(data, width, height, channels, N):
    reader = Reader(data)
    effort, transform = reader.number(1), reader.number(1)
    assert effort < 2 and transform < 3
    planes, side = [], None
    for _ in range(channels):
        m = reader.varint()
        m = -(m + 1) // 2 if m & 1 else m // 2
        R = reader.varint()
        if R == 0:
            planes.append([m] * (width * height))
            side = None
            continue
        method = reader.number(1)
        if method == 2:
            size = R.bit_length()
            raw = reader.take((width * height * size + 7) // 8)
            text = int.from_bytes(raw, "big")
            total = len(raw) * 8
            planes.append([(text >> (total - (i + 1) * size) & ((1 << size) - 1)) + m for i in range(width * height)])
            side = None
            continue
        levels = list(range(R + 1))
        if method == 1:
            levels, at = [], 0
            for i in range(reader.varint()):
                run = reader.varint()
                levels += range(at, at + run) if i % 2 == 0 else []
                at += run
            assert at == R + 1
        elif method == 3:
            marks = reader.take((R + 8) // 8)
            levels = [level for level in range(R + 1) if marks[level >> 3] & 128 >> (level & 7)]
        else:
            assert method == 0
        coded = reader.take(reader.varint())
        plane, side = decode_plane(coded, width, height, len(levels) - 1, N, effort == 1, side)
        planes.append([levels[v] + m for v in plane])
    assert reader.at == len(data)
    if transform == 1:
        a, b, c = planes[:3]
        planes[:3] = [[x + y for x, y in zip(b, a)], a, [x + y for x, y in zip(c, a)]]
    elif transform == 2:
        rgb = []
        for a, b, c in zip(*planes[:3]):
            t = a - (c >> 1)
            blue = t - (b >> 1)
            rgb.append((blue + b, c + t, blue))
        planes[:3] = [list(plane) for plane in zip(*rgb)]
    return planes


def decode(file):
    reader = Reader(file)
    assert reader.take(4) == b"VQR1" and reader.number(2) == 1 and reader.number(2) == 0
    body = Reader(reader.take(reader.number(4)))
    crc = crc32c(file[:reader.at])
    assert reader.number(4) == crc, "header's checksum"
    kind, structure, coder, channels, bits, is_signed = [body.number(1) for _ in range(6)]
    width, height, frames, tile_width, tile_height, N = [body.varint() for _ in range(6)]
    assert kind in (1, 2) and structure == 0 and coder == 1
    begin = reader.at
    table = Reader(reader.take(reader.number(4)))
    crc = crc32c(file[begin:reader.at])
    assert reader.number(4) == crc, "table's checksum"
    tiles = []
    while table.at < len(table.data):
        kind_of_chunk, length, crc = table.number(1), table.varint(), table.number(4)
        chunk = reader.take(length)
        assert crc32c(chunk) == crc, "chunk's checksum"
        assert kind_of_chunk == 1 or kind_of_chunk >= 128
        if kind_of_chunk == 1:
            tiles.append(chunk)
    digest = reader.take(32)
    assert reader.number(4) == crc32c(digest) and reader.at == len(file)
    samples = [0] * (frames * height * width * channels)
    tiles = iter(tiles)
    for frame in range(frames):
        for ty in range(0, height, tile_height):
            for tx in range(0, width, tile_width):
                tw, th = min(tile_width, width - tx), min(tile_height, height - ty)
                for channel, plane in enumerate(decode_tile(next(tiles), tw, th, channels, N)):
                    for i, v in enumerate(plane):
                        at = (frame * height + ty + i // tw) * width + tx + i % tw
                        samples[at * channels + channel] = v
    assert next(tiles, None) is None
    size = 1 if bits <= 8 else 2
    raw = b"".join(v.to_bytes(size, "little", signed=is_signed == 1) for v in samples)
    shape = f"{width}x{height}, {channels} channels, {bits} bits, {frames} frames, error at most {N}"
    return shape, raw, hashlib.sha256(raw).digest() == digest


def main(arguments):
    check_tables()
    if arguments[0] == "--check":
        good = True
        for path in sorted(pathlib.Path(arguments[1]).glob("*.vqr")):
            shape, _, agrees = decode(path.read_bytes())
            print(f"{path.name}: {shape}: {'the hash agrees' if agrees else 'THE HASH DIFFERS'}")
            good = good and agrees
        return 0 if good else 1
    shape, raw, agrees = decode(pathlib.Path(arguments[0]).read_bytes())
    print(f"{shape}: {'the hash agrees' if agrees else 'THE HASH DIFFERS'}")
    if len(arguments) > 1:
        pathlib.Path(arguments[1]).write_bytes(raw)
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
