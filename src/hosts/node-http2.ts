/** Node's HTTP/2, loaded by the first call: processes that nobody asks by gRPC are spared its memory and time. */
export function http2(): typeof import('node:http2') {
  return process.getBuiltinModule('node:http2')
}
