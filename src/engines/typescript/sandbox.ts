/** What this process may do of what Node's permission model knows; nothing of it may be left before code is read. */
const SCOPES = ['fs.read', 'fs.write', 'net', 'child', 'worker', 'addon', 'ffi', 'wasi', 'inspector'] as const

/** Members of `process` that reach other processes, or Node's own inside. */
const REACHING = [
  'kill',
  '_kill',
  'dlopen',
  'binding',
  '_linkedBinding',
  '_debugProcess',
  '_debugEnd',
  '_getActiveHandles',
  '_getActiveRequests',
  'getBuiltinModule',
]

interface Permission {
  has(scope: string): boolean
  drop(scope: string): void
}

/**
 * Gives up files, network, children, native code and other processes, for good.
 * @throws {Error} where something of it is left: no code may be read then
 */
export function leaveAllElse(): void {
  const { permission } = process as unknown as { readonly permission?: Permission }
  if (permission === undefined) throw new Error('a process for code was started without --permission; this is a bug')
  for (const scope of SCOPES) permission.drop(scope)
  const left = SCOPES.filter((scope) => permission.has(scope))
  if (left.length > 0) throw new Error(`a process for code can still use ${left.join(', ')}; this is a bug`)
  for (const name of REACHING)
    Object.defineProperty(process, name, { value: refuse, writable: false, configurable: false, enumerable: false })
  for (const name of ['fetch', 'WebSocket', 'EventSource'])
    Object.defineProperty(globalThis, name, { value: undefined, writable: false, configurable: false })
  // what they say of this machine is nothing for code
  Object.defineProperty(process, 'report', { value: undefined, writable: false, configurable: false })
  process.argv = ['node']
  process.execArgv = []
  process.execPath = 'node'
}

/**
 * Lets no request add to what all objects inherit, so that none leaves anything there for the next: a key `__proto__` in
 * its data, say. What code adds while it is loaded stays.
 */
export function closePrototypes(): void {
  const typed = Object.getPrototypeOf(Uint8Array) as { readonly prototype: object }
  const kinds = [
    Object,
    Function,
    Array,
    String,
    Number,
    Boolean,
    BigInt,
    Symbol,
    Date,
    RegExp,
    Error,
    Map,
    Set,
    Promise,
  ]
  for (const { prototype } of [...kinds, ArrayBuffer, DataView, typed]) Object.preventExtensions(prototype)
}

function refuse(): never {
  throw new Error('code computes and reads its files; it reaches nothing else')
}
