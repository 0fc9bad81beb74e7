/**
 * The few words of WebAssembly that our kernels are written in: each gives the bytes of one instruction, and a function's
 * body is their concatenation.
 * @see WebAssembly Core Specification 2.0, "Binary Format"
 */
export type Code = readonly number[]

/** Joins instructions. */
export function code(...parts: readonly Code[]): Code {
  return parts.flat()
}

/** An unsigned whole number, seven bits a byte, lowest first. */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest]
}

/** The same for a number with a sign, which is the top bit of the last byte. */
function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest < -0x40 || rest > 0x3f; rest >>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest & 0x7f]
}

/** Bytes after their number. */
function counted(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()]
}

/** An instruction that reads or writes memory; `align` is the power of two that addresses are multiples of. */
const atMemory =
  (align: number, ...opcode: number[]) =>
  (offset = 0): Code => [...opcode, align, ...unsigned(offset)]

export const local = {
  get: (index: number): Code => [0x20, ...unsigned(index)],
  set: (index: number): Code => [0x21, ...unsigned(index)],
  tee: (index: number): Code => [0x22, ...unsigned(index)],
}

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: atMemory(2, 0x28),
  load8: atMemory(0, 0x2d),
  load16: atMemory(1, 0x2f),
  store: atMemory(2, 0x36),
  store8: atMemory(0, 0x3a),
  eqz: [0x45],
  eq: [0x46],
  ltU: [0x49],
  add: [0x6a],
  sub: [0x6b],
  and: [0x71],
  or: [0x72],
  xor: [0x73],
  shl: [0x74],
  shrU: [0x76],
} as const

/** A datatype of float arithmetic. */
export interface FloatWords {
  readonly sizeBytes: number
  load(offset?: number): Code
  store(offset?: number): Code
  readonly add: Code
}

export const f32: FloatWords = { sizeBytes: 4, load: atMemory(2, 0x2a), store: atMemory(2, 0x38), add: [0x92] }

export const f64 = {
  sizeBytes: 8,
  load: atMemory(3, 0x2b),
  store: atMemory(3, 0x39),
  add: [0xa0],
  ne: [0x62],
  lt: [0x63],
  le: [0x65],
} as const satisfies FloatWords & Record<string, unknown>

export const v128 = {
  load: atMemory(4, 0xfd, 0x00),
  store: atMemory(4, 0xfd, 0x0b),
  /** One byte, in all sixteen lanes. */
  load8Splat: atMemory(0, 0xfd, 0x07),
  /** Bits of the first where the third has ones, of the second where it has zeros. */
  bitselect: [0xfd, 0x52],
  /** Sixteen comparisons of bytes with signs: all ones where the first is larger. */
  i8GreaterSigned: [0xfd, 0x27],
} as const

/** Repeats as long as its body ends with `again`. */
export function loop(...body: readonly Code[]): Code {
  return [0x03, 0x40, ...body.flat(), 0x0b]
}

/** Begins the innermost loop anew where the number on the stack is not 0. */
export const again: Code = [0x0d, 0]

/** Runs its body where the number on the stack is not 0. */
export function when(...body: readonly Code[]): Code {
  return [0x04, 0x40, ...body.flat(), 0x0b]
}

const TYPES = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const

/** What a type of functions begins with. */
const FUNCTION = 0x60
/** What a module begins with: `\0asm`, and the version of the format. */
const HEADER: Code = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

export interface WasmFunction {
  readonly name: string
  /** How many parameters it takes, all of them i32; they are its first locals. It gives nothing back. */
  readonly parameters: number
  /** Types of the locals after the parameters. */
  readonly locals: readonly (keyof typeof TYPES)[]
  readonly body: Code
}

/** The bytes of a module that exports functions over one memory, which it imports as `host.memory`. */
export function moduleOf(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const text = (value: string): Code => counted([...Buffer.from(value)].map((byte) => [byte]))
  const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content]
  const bodies = functions.map(({ locals, body }) => {
    const declared = counted(locals.map((type) => [1, TYPES[type]]))
    const content = [...declared, ...body, 0x0b]
    return [...unsigned(content.length), ...content]
  })
  const types = functions.map(({ parameters }) => [
    FUNCTION,
    ...counted(Array.from({ length: parameters }, () => [TYPES.i32])),
    0,
  ])
  return Uint8Array.from([
    ...HEADER,
    ...section(1, counted(types)),
    ...section(2, counted([[...text('host'), ...text('memory'), 2, 0, 1]])),
    ...section(3, counted(functions.map((_function, i) => unsigned(i)))),
    ...section(7, counted(functions.map(({ name }, i) => [...text(name), 0, ...unsigned(i)]))),
    ...section(10, counted(bodies)),
  ])
}

/** Memory that functions work on; it never grows, so that views of it stay good. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
}

/** A module, checked and compiled. */
export type WasmModule = object

/** What the language library does not declare. @see WebAssembly JavaScript Interface */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number }) => WasmMemory
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: unknown }
  readonly CompileError: new () => Error
}

const PAGE_BYTES = 65_536

/**
 * Memory of at least so many bytes, all 0.
 * @throws {RangeError} when the process may not have so much address space
 */
export function createMemory(sizeBytes: number): WasmMemory {
  const pages = Math.ceil(sizeBytes / PAGE_BYTES)
  return new WebAssembly.Memory({ initial: pages, maximum: pages })
}

/** @throws {WebAssembly.CompileError} on a processor that has not what the module needs */
export function compile(functions: readonly WasmFunction[]): WasmModule {
  return new WebAssembly.Module(moduleOf(functions))
}

/** The exported functions of a module, working on this memory. */
export function instantiate(module: WasmModule, memory: WasmMemory): unknown {
  return new WebAssembly.Instance(module, { host: { memory } }).exports
}

/** Whether an error says that the process can do without WebAssembly only: no vectors, or no room for a memory. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof WebAssembly.CompileError || error instanceof RangeError
}
