import { ServingError } from '../../core/errors.ts'
import type { WireRequest } from '../protocol.ts'

/** Longest value of each (characters). @see azureml-inference-server-http, "Request IDs" */
const MAX_LENGTH = 100

const PRINTABLE = /^[\x21-\x7e]{1,100}$/

/**
 * The names that a caller gave a request, for its answer. `x-ms-request-id` is the older name of
 * `x-ms-client-request-id`: whichever comes stands for the other too. Values that are not fit to be sent back are left out.
 * @see azureml-inference-server-http, "Request IDs"
 */
export function requestIds({ headers }: WireRequest): Readonly<Record<string, string>> {
  const older = fit(headers['x-ms-request-id'])
  const client = fit(headers['x-ms-client-request-id'])
  const trace = fit(headers['traceid'])
  const ids: Record<string, string> = {}
  const legacy = older ?? client ?? fit(headers['x-request-id'])
  if (legacy !== undefined) ids['x-ms-request-id'] = legacy
  const id = client ?? older
  if (id !== undefined) ids['x-ms-client-request-id'] = id
  if (trace !== undefined) ids['traceid'] = trace
  return ids
}

/** @throws {ServingError} `too_large` for an id over 100 characters */
export function checkRequestIds({ headers }: WireRequest): void {
  for (const header of ['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id']) {
    const length = headers[header]?.length ?? 0
    if (length > MAX_LENGTH)
      throw new ServingError('too_large', `the header ${header} has ${length} characters; send at most ${MAX_LENGTH}`, {
        details: { header },
      })
  }
}

function fit(id: string | undefined): string | undefined {
  return id !== undefined && PRINTABLE.test(id) ? id : undefined
}
