/** What a page needs for trained models: the entry of the bundle whose size is reported. */

export { Gpu } from "../../src/gpu/device.ts";
export * from "../../src/trained/classifier.ts";
export * from "../../src/trained/codec.ts";
