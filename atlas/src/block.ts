/** Reads the data block; `experiments/atlas/block.py` describes the layout. */

import schema from "../../experiments/atlas/schema.json";
import type { Header } from "./types";

/** A block that cannot be shown; the message is for the reader of the page. */
export class BlockError extends Error {}

const KINDS = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  int16: Int16Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
};

const REPAIR = "Write the page again with scripts/atlas.py, or ask for the file once more.";

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/** CRC-32 as zlib computes it. */
export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = CRC_TABLE[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function fromBase64(text: string): Uint8Array {
  let binary: string;
  try {
    const { fromBase64: native } = Uint8Array as { fromBase64?: (text: string) => Uint8Array };
    if (native) return native.call(Uint8Array, text);
    binary = atob(text);
  } catch {
    throw new BlockError(`The data in this page are damaged: they are not base64. ${REPAIR}`);
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function inflate(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const raw = new Uint8Array(size);
  let at = 0;
  try {
    const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream("deflate"));
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length > size) throw new Error("too long");
      raw.set(value, at);
      at += value.length;
    }
  } catch {
    throw new BlockError(`The data in this page are damaged or cut short. ${REPAIR}`);
  }
  if (at !== size) throw new BlockError(`The data in this page are cut short. ${REPAIR}`);
  return raw;
}

interface ArrayEntry {
  array: keyof typeof KINDS;
  shape: number[];
  at: number;
}

function unshuffle(raw: Uint8Array, start: number, entry: ArrayEntry): unknown {
  const count = entry.shape.reduce((a, b) => a * b, 1);
  const kind = KINDS[entry.array];
  const size = kind.BYTES_PER_ELEMENT;
  const from = start + entry.at;
  if (from + count * size > raw.length) throw new BlockError(`The data in this page are cut short. ${REPAIR}`);
  const bytes = new Uint8Array(count * size);
  for (let plane = 0; plane < size; plane++) {
    const base = from + plane * count;
    for (let i = 0, to = plane; i < count; i++, to += size) bytes[to] = raw[base + i];
  }
  return new kind(bytes.buffer);
}

function restore(value: unknown, raw: Uint8Array, start: number): unknown {
  if (Array.isArray(value)) return value.map((entry) => restore(entry, raw, start));
  if (value === null || typeof value !== "object") return value;
  if ("array" in value) return unshuffle(raw, start, value as ArrayEntry);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, restore(entry, raw, start)]));
}

/** The header of the block in `element`, with typed arrays as leaves. */
export async function readBlock(element: HTMLElement | null): Promise<Header> {
  const text = element?.textContent?.trim() ?? "";
  if (!element || !text) throw new BlockError(`This page holds no data. ${REPAIR}`);
  const version = Number(element.dataset.schema);
  if (version !== schema.version) {
    throw new BlockError(
      `The data in this page are of schema ${version || "unknown"} and the page reads ${schema.version}. ${REPAIR}`,
    );
  }
  const size = Number(element.dataset.size);
  if (!Number.isInteger(size) || size < 4 || size > 2 ** 31) {
    throw new BlockError(`The data in this page are damaged: their size is not known. ${REPAIR}`);
  }
  const raw = await inflate(fromBase64(text), size);
  if (crc32(raw).toString(16).padStart(8, "0") !== element.dataset.crc32) {
    throw new BlockError(`The data in this page are damaged: their checksum does not match. ${REPAIR}`);
  }
  const length = new DataView(raw.buffer).getUint32(0, true);
  try {
    const header = JSON.parse(new TextDecoder().decode(raw.subarray(4, 4 + length)));
    return restore(header, raw, 4 + length) as Header;
  } catch (error) {
    if (error instanceof BlockError) throw error;
    throw new BlockError(`The data in this page are damaged: their description is unreadable. ${REPAIR}`);
  }
}
