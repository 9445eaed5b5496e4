/** A binary range coder: 32-bit bounds, probabilities in 1/65536. */

export let decoding: bool = false;
/** Where the next byte is read or written, and the end of what may be. */
export let at: usize = 0;
export let end: usize = 0;
/** Set if the encoder has run out of room or the decoder has read more than three bytes past the end. */
export let overrun: i32 = 0;
let low: u32 = 0;
let high: u32 = 0;
let value: u32 = 0;

export function start(decode: bool, from: usize, to: usize): void {
  decoding = decode;
  at = from;
  end = to;
  overrun = 0;
  low = 0;
  high = 0xffffffff;
  value = 0;
  if (decode) for (let i = 0; i < 4; i++) value = (value << 8) | next();
}

function next(): u32 {
  if (at < end) return load<u8>(at++);
  if (++at > end + 3) overrun = 1;
  return 0;
}

/** Codes one bit, where a one has probability `p` / 65536. */
// @ts-ignore: decorator
@inline
export function codeBit(bit: u32, p: u32): u32 {
  const range = high - low;
  const middle = low + (range >> 16) * p + (((range & 0xffff) * p) >> 16);
  if (decoding) bit = u32(value <= middle);
  if (bit) high = middle;
  else low = middle + 1;
  while (((low ^ high) & 0xff000000) == 0) shift();
  return bit;
}

function shift(): void {
  if (decoding) value = (value << 8) | next();
  else if (at < end) store<u8>(at++, u8(high >> 24));
  else overrun = 1;
  low <<= 8;
  high = (high << 8) | 255;
}

/** Writes the last bytes: enough for a decoder that reads zeros after them. Four bytes, fewer if zeros suffice. */
export function finish(): void {
  // The value with the most trailing zeros in low … high.
  let keep: u32 = 0;
  for (let bytes = 1; bytes <= 4; bytes++) {
    const mask: u32 = bytes == 4 ? 0 : 0xffffffff >> (bytes * 8);
    const candidate: u32 = high & ~mask;
    if (candidate >= low) {
      keep = bytes;
      low = candidate;
      break;
    }
  }
  for (let i: u32 = 0; i < keep; i++) {
    if (at < end) store<u8>(at++, u8(low >> 24));
    else overrun = 1;
    low <<= 8;
  }
}
