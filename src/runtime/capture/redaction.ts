import type { Signature, TensorSpec } from '../../tensor/signature.ts'

/** What stands in the place of a value that is not to be kept. */
export const REDACTED = '[redacted]'

/** How the values of one tensor are kept. */
export interface Redaction {
  /** Nothing of it. */
  readonly isWhole: boolean
  /** Places along the last dimension whose values are not kept, and how long that dimension is. */
  readonly columns: ReadonlySet<number>
  readonly width: number
  /** Members of JSON texts whose values are not kept, at any depth. */
  readonly members: ReadonlySet<string>
}

/**
 * What of a tensor is not kept. A name stands for an input or an output, for a column of one, or for a member of one that holds
 * JSON texts; whoever gets a body as it came gets a text that nobody knows the columns of: all of it is left out then.
 * @param spec undefined where the signature does not know the name
 * @returns undefined where all of it is kept
 */
export function redactionOf(
  name: string,
  spec: TensorSpec | undefined,
  signature: Pick<Signature, 'isRaw'>,
  redact: ReadonlySet<string>,
): Redaction | undefined {
  if (redact.size === 0) return undefined
  const columns = new Set((spec?.columns ?? []).flatMap((column, i) => (redact.has(column) ? [i] : [])))
  const isWhole = redact.has(name) || signature.isRaw === true
  const isJson = spec?.isJson === true
  if (!isWhole && columns.size === 0 && !isJson) return undefined
  return { isWhole, columns, width: spec?.columns?.length ?? 1, members: isJson ? redact : new Set() }
}

/** A JSON text without the values that are not to be kept; one that cannot be read is not kept at all. */
export function redactJson(text: string, members: ReadonlySet<string>): string {
  try {
    return JSON.stringify(JSON.parse(text, (key, value: unknown) => (members.has(key) ? REDACTED : value)) as unknown)
  } catch {
    return REDACTED
  }
}
