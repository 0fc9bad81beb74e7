import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'

/** Milliseconds of each unit. */
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }

/**
 * How long a caller waits (ms), as its `grpc-timeout` says; undefined for one who waits for ever.
 * @throws {ServingError} `invalid_argument` for what is no timeout
 * @see gRPC over HTTP2, "Timeout": at most eight digits and a unit
 */
export function parseGrpcTimeout(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const unitMs = UNIT_MS[header.slice(-1)]
  const digits = header.slice(0, -1)
  if (unitMs === undefined || !/^\d{1,8}$/.test(digits))
    throw new ServingError(
      'invalid_argument',
      `grpc-timeout is ${quote(header, 20)}; it takes up to eight digits and one of H M S m u n, such as 500m`,
    )
  return Number(digits) * unitMs
}
