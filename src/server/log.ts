/** One line of JSON on stderr. Errors are written with their causes and stacks: the log is for the operator, not for callers. */
export function log(
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  const line = { time: new Date().toISOString(), level, message, pid: process.pid, ...fields }
  process.stderr.write(`${JSON.stringify(line, writeErrors)}\n`)
}

function writeErrors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return typeof value === 'bigint' ? String(value) : value
  return {
    name: value.name,
    message: value.message,
    stack: value.stack,
    ...(value.cause === undefined ? {} : { cause: value.cause }),
  }
}
