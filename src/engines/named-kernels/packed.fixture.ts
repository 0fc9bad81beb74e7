/** Numbers as bundles keep them for kernels: the base64 of little-endian doubles. */
export function packed(values: readonly number[]): string {
  const bytes = Buffer.alloc(8 * values.length)
  values.forEach((value, i) => bytes.writeDoubleLE(value, 8 * i))
  return bytes.toString('base64')
}
