/** How the axes of a NIfTI volume lie in the patient. */

/**
 * How to turn a volume so that its axes run to the patient's right, front and head, by swaps and flips of axes alone.
 */
export interface Turn {
  /** For each of the turned axes: the stored axis. */
  axes: [number, number, number];
  /** For each of the turned axes: whether the stored axis runs the other way. */
  flipped: [boolean, boolean, boolean];
}

/** Positions in a header, in bytes. */
interface Positions {
  length: number;
  /** Voxel sizes; the first number is the sign of the quaternion's third axis. */
  spacing: number;
  /** The codes of the quaternion and of the matrix. */
  codes: number;
  quaternion: number;
  /** The rows of the matrix. */
  rows: number;
}

type Matrix = [number[], number[], number[]];

const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] as const;

/**
 * Reads the orientation: of the header's matrix (sform) if its code is not 0, otherwise of its quaternion (qform). Each
 * patient's axis gets the stored axis that lies nearest to it.
 *
 * @returns undefined if the header has no orientation
 */
export function readTurn(view: DataView, positions: Positions, little: boolean): Turn | undefined {
  const matrix = readMatrix(view, positions, little);
  if (!matrix) return undefined;
  /** Cosine of the angle between a patient's axis and a stored axis. */
  const cosine = (patient: number, stored: number) => {
    const length = Math.hypot(matrix[0][stored]!, matrix[1][stored]!, matrix[2][stored]!);
    return matrix[patient]![stored]! / length;
  };
  const nearness = (order: readonly number[]) =>
    order.reduce((sum, stored, patient) => sum + Math.abs(cosine(patient, stored)), 0);
  const best = orders.reduce((best, order) => nearness(order) > nearness(best) + 1e-6 ? order : best);
  if (!Number.isFinite(nearness(best))) return undefined;
  return {
    axes: [...best],
    flipped: best.map((stored, patient) => cosine(patient, stored) < 0) as Turn["flipped"],
  };
}

/** The columns are the stored axes in the patient's coordinates. */
function readMatrix(view: DataView, positions: Positions, little: boolean): Matrix | undefined {
  const isSecond = positions.length === 540;
  const step = isSecond ? 8 : 4;
  const numbers = (at: number, count: number) =>
    Array.from(
      { length: count },
      (_, i) => isSecond ? view.getFloat64(at + step * i, little) : view.getFloat32(at + step * i, little),
    );
  const code = (index: number) =>
    isSecond
      ? view.getInt32(positions.codes + 4 * index, little)
      : view.getInt16(positions.codes + 2 * index, little);
  if (code(1) > 0) {
    return [0, 1, 2].map((row) => numbers(positions.rows + 4 * step * row, 4).slice(0, 3)) as Matrix;
  }
  if (code(0) <= 0) return undefined;
  const [b, c, d] = numbers(positions.quaternion, 3) as [number, number, number];
  const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d));
  const third = numbers(positions.spacing, 1)[0]! < 0 ? -1 : 1;
  return [
    [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c) * third],
    [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b) * third],
    [2 * (b * d - a * c), 2 * (c * d + a * b), (a * a + d * d - b * b - c * c) * third],
  ];
}
