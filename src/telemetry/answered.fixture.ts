import type { Answered } from '../protocols/protocol.ts'
import type { ServedModel, Timing } from '../runtime/plane.ts'

/** A version of a model as a plane shows it. @param version its digest's first digits; the rest are zeros */
export function servedModel(name: string, version = 'aaaaaaaaaaaa', labels: readonly string[] = []): ServedModel {
  const chosen = <T>(value: T) => ({ value, reason: 'a test' })
  return {
    name,
    version: version.padEnd(64, '0'),
    signature: { inputs: [], outputs: [] },
    example: new Map(),
    engines: ['onnxruntime', 'host-kernels'],
    batching: { rowsAreIndependent: true, reason: 'a row at a time' },
    labels,
    // those that telemetry tells of
    choices: { plan: chosen('off-loop'), concurrency: chosen(2) } as ServedModel['choices'],
    state: 'ready',
  }
}

export interface AnsweredOptions {
  readonly model?: ServedModel
  readonly timing?: Partial<Timing>
  readonly status?: number
  readonly totalMs?: number
  readonly receivedAtMs?: number
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A request that was answered: in 1 ms, of which it waited 0.1 and ran 0.6, unless said otherwise. */
export function answered(options: AnsweredOptions = {}): Answered {
  const { model, status = 200, totalMs = 1, receivedAtMs = 0 } = options
  const timing: Timing | undefined =
    model === undefined
      ? undefined
      : {
          model,
          rows: 3,
          arrivedAtMs: receivedAtMs + 0.05,
          queueMs: 0.1,
          waitedFor: 'tick',
          runMs: 0.6,
          batchRows: 5,
          ...options.timing,
        }
  return {
    request: {
      method: options.method ?? 'POST',
      path: options.path ?? '/v2/models/fraud/infer',
      query: 'key=query-secret',
      headers: { authorization: 'Bearer header-secret', ...options.headers },
      body: new TextEncoder().encode('body-secret'),
      peer: '192.0.2.7',
    },
    call: { aborted: false, timing },
    status,
    sentBytes: 250,
    receivedAtMs,
    totalMs,
  }
}
