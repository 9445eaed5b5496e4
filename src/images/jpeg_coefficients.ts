/** The coefficients of a JPEG image, and how its scans go through them. */

import { DataError } from "../errors.ts";
import type { JpegComponent, JpegFrame, JpegScan } from "./jpeg_segments.ts";

/** The coefficients of a component, before dequantization. */
export interface CoefficientPlane {
  component: JpegComponent;
  /** Size in samples. */
  width: number;
  height: number;
  /** Blocks in a stored line: as many as whole units of all components need. */
  blocksAcross: number;
  blocksDown: number;
  /** [blocksDown, blocksAcross, 64], in the order of rows. */
  coefficients: Int16Array;
  /** For each coefficient in zigzag order: the lowest bit that was read; −1 if none. */
  lowest: Int8Array;
}

/** For each position in zigzag order: the index in the block (ITU-T T.81, figure A.6). */
export const zigzag = zigzagOrder();

function zigzagOrder(): Uint8Array {
  const order = new Uint8Array(64);
  for (let diagonal = 0, next = 0; diagonal < 15; diagonal++) {
    for (let i = 0; i <= diagonal; i++) {
      const [row, column] = diagonal % 2 === 0 ? [diagonal - i, i] : [i, diagonal - i];
      if (row < 8 && column < 8) order[next++] = 8 * row + column;
    }
  }
  return order;
}

/** Planes of zeros for a frame's components. */
export function makePlanes({ width, height, components }: JpegFrame): CoefficientPlane[] {
  const { across, down } = factorsOf(components);
  const units = { across: Math.ceil(width / (8 * across)), down: Math.ceil(height / (8 * down)) };
  return components.map((component) => {
    const blocksAcross = units.across * component.horizontal;
    const blocksDown = units.down * component.vertical;
    return {
      component,
      width: Math.ceil(width * component.horizontal / across),
      height: Math.ceil(height * component.vertical / down),
      blocksAcross,
      blocksDown,
      coefficients: new Int16Array(blocksAcross * blocksDown * 64),
      lowest: new Int8Array(64).fill(-1),
    };
  });
}

/** The largest sampling factors of a frame. */
export function factorsOf(components: JpegComponent[]): { across: number; down: number } {
  return {
    across: Math.max(...components.map(({ horizontal }) => horizontal)),
    down: Math.max(...components.map(({ vertical }) => vertical)),
  };
}

/** Decodes the blocks of a scan. */
export interface BlockDecoder {
  /** Decodes the block whose coefficients start at `at`; `part` counts the scan's components. */
  decode(coefficients: Int16Array, at: number, part: number): void;
  /** Goes on after a restart marker. */
  restart(): void;
  /** Whether more data was read than there is. */
  readonly isExhausted: boolean;
}

/** Goes through the blocks of a scan, in units of all its components if it has several (A.2). */
export function visitBlocks(
  planes: CoefficientPlane[],
  { components }: JpegScan,
  interval: number,
  decoder: BlockDecoder,
): void {
  const parts = components.map(({ index }) => planes[index]!);
  const [first] = parts as [CoefficientPlane];
  const isSingle = parts.length === 1;
  const across = isSingle ? Math.ceil(first.width / 8) : first.blocksAcross / first.component.horizontal;
  const down = isSingle ? Math.ceil(first.height / 8) : first.blocksDown / first.component.vertical;
  for (let unit = 0; unit < across * down; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) decoder.restart();
    const [x, y] = [unit % across, Math.floor(unit / across)];
    for (let part = 0; part < parts.length; part++) {
      const { component, blocksAcross, coefficients } = parts[part]!;
      const [wide, high] = isSingle ? [1, 1] : [component.horizontal, component.vertical];
      for (let row = 0; row < high; row++) {
        for (let column = 0; column < wide; column++) {
          const block = (y * high + row) * blocksAcross + x * wide + column;
          decoder.decode(coefficients, 64 * block, part);
        }
      }
    }
    if (decoder.isExhausted) throw new DataError("it is cut short");
  }
}
