/** A safetensors file: a header of JSON, and bytes. @param header as text where it is to be no JSON */
export function makeSafetensors(header: unknown, content: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, content])
}
