/** A network in an `.npz` file, as `regions.save_network` writes it. */

import type { RawLayer } from "./types";

/** A file that cannot be used; the message is for the reader of the page. */
export class FileError extends Error {}

const ADVICE = "Write it with relu-regions export NETWORK --out network.npz.";
const MAX_BYTES = 2 ** 28;

interface Member {
  shape: number[];
  data: Float64Array;
}

/** The layers in the file. */
export async function readNpz(buffer: ArrayBuffer): Promise<RawLayer[]> {
  const members = new Map<string, Member>();
  for (const [name, bytes] of await unzip(buffer)) members.set(name.replace(/\.npy$/, ""), readNpy(name, bytes));
  const layers: RawLayer[] = [];
  const widths = [2];
  for (let i = 0; members.has(`W${i}`); i++) {
    const [weight, bias] = [members.get(`W${i}`)!, members.get(`b${i}`)];
    if (!bias) throw new FileError(`The file has W${i} and no b${i}. ${ADVICE}`);
    const width = bias.data.length;
    check(`W${i}`, weight, [width, widths[i]]);
    const skips: RawLayer["skips"] = [];
    for (const [name, member] of members) {
      const found = /^skip(\d+)_(\d+)$/.exec(name);
      if (!found || Number(found[1]) !== i) continue;
      check(name, member, [width, widths[Number(found[2])]]);
      skips.push({ source: Number(found[2]), matrix: member.data });
    }
    const slopes = members.get(`slope${i}`)?.data ?? new Float64Array(1);
    const one = slopes.length === 1;
    layers.push({ weight: weight.data, bias: bias.data, slopes: one ? new Float64Array(width).fill(slopes[0]) : slopes, skips });
    widths.push(width);
  }
  if (layers.length < 2) throw new FileError(`The file holds no network: W0, b0, W1, b1 are required. ${ADVICE}`);
  return layers;
}

function check(name: string, { shape }: Member, wanted: (number | undefined)[]): void {
  if (shape.length === 2 && shape.every((n, i) => n === wanted[i])) return;
  throw new FileError(`${name} has shape (${shape.join(", ")}), and (${wanted.join(", ")}) is required on this map.`);
}

/** Members of a zip archive, by its directory at the end. */
async function unzip(buffer: ArrayBuffer): Promise<Map<string, Uint8Array>> {
  const view = new DataView(buffer);
  const bytes = new Uint8Array(buffer);
  const members = new Map<string, Uint8Array>();
  try {
    let end = bytes.length - 22;
    while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
    let at = view.getUint32(end + 16, true);
    for (let left = view.getUint16(end + 10, true); left > 0; left--) {
      if (view.getUint32(at, true) !== 0x02014b50) throw new Error("no entry of a directory");
      const [method, packed] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true)];
      const [size, length] = [view.getUint32(at + 24, true), view.getUint16(at + 28, true)];
      const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + length));
      const local = view.getUint32(at + 42, true);
      const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      if (size > MAX_BYTES) throw new Error("too large");
      members.set(name, await plain(bytes.slice(start, start + packed), method, size));
      at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    }
  } catch {
    throw new FileError(`The file is no .npz archive that can be read. ${ADVICE}`);
  }
  return members;
}

async function plain(packed: Uint8Array<ArrayBuffer>, method: number, size: number): Promise<Uint8Array> {
  if (method === 0) return packed;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const found = new Uint8Array(await new Response(stream).arrayBuffer());
  if (method !== 8 || found.length !== size) throw new Error("damaged");
  return found;
}

/** An array of float32 or float64 in row-major order. */
function readNpy(name: string, bytes: Uint8Array): Member {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const long = bytes[6] > 1;
  const start = (long ? 12 : 10) + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(bytes.subarray(0, start));
  const kind = /'descr': '<f([48])'/.exec(header)?.[1];
  const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  if (!kind || shape === undefined) throw new FileError(`${name} is no array of float32 or float64. ${ADVICE}`);
  const sizes = shape.split(",").map((part) => part.trim()).filter(Boolean).map(Number);
  const count = sizes.reduce((a, b) => a * b, 1);
  const size = Number(kind);
  if (start + count * size > bytes.length) throw new FileError(`${name} is cut short. ${ADVICE}`);
  const read = (i: number) => (size === 8 ? view.getFloat64(start + 8 * i, true) : view.getFloat32(start + 4 * i, true));
  const data = Float64Array.from({ length: count }, (_, i) => read(i));
  if (!data.every(Number.isFinite)) throw new FileError(`${name} has entries that are not finite.`);
  return { shape: sizes, data: /'fortran_order': True/.test(header) ? rowMajor(data, sizes) : data };
}

function rowMajor(data: Float64Array, [rows, columns]: number[]): Float64Array {
  if (columns === undefined) return data;
  return Float64Array.from({ length: data.length }, (_, i) => data[(i % columns) * rows + Math.floor(i / columns)]);
}
