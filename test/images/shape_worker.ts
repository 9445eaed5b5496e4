/** A decoding worker that replies with the shapes of a file's images. */

import { answerDecodeRequests, type ImageRequest } from "../../src/images/decode_worker.ts";

export interface ImageShapes {
  /** [height, width, channels] of each image. */
  shapes: number[][];
}

answerDecodeRequests<ImageRequest, ImageShapes>((_request, images) => ({
  reply: { shapes: images.map(({ height, width, channels }) => [height, width, channels]) },
  transfer: [],
}));
