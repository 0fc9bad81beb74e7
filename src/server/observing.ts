import { ServingError } from '../core/errors.ts'
import type { LogSettings, TraceChange, TraceSampling } from '../runtime/operations.ts'
import type { Observing } from './operation-messages.ts'

export interface ObservingOptions {
  /** What the log shows at the start. */
  readonly log: LogSettings
  /** What is traced at the start; absent where there is nowhere to send traces to. */
  readonly traces: TraceSampling | undefined
  /** Told whenever something was changed. */
  readonly onChange: (now: Observing) => void
}

/** What is logged and traced in all processes of a server, and how that becomes something else. It is forgotten with the server. */
export interface ObservingSettings {
  readonly current: Observing
  logSettings(change: Partial<LogSettings> | undefined): LogSettings
  /** @param model whose; of all when absent @throws {ServingError} `unsupported` where there is nowhere to send traces to */
  traceSettings(model: string | undefined, change: TraceChange | undefined): TraceSampling
}

/** Of one model or of all: what was changed, without what it stands on. */
type Changed = { -readonly [Key in keyof TraceSampling]?: TraceSampling[Key] }

export function createObservingSettings({ log: logAtStart, traces, onChange }: ObservingOptions): ObservingSettings {
  let log = logAtStart
  const atStart: TraceSampling = traces ?? { isOn: false, ratio: 0 }
  const ofAll: Changed = {}
  const ofModels = new Map<string, Changed>()

  function all(): TraceSampling {
    return { ...atStart, ...ofAll }
  }

  function current(): Observing {
    const models = Object.fromEntries([...ofModels].map(([name, changed]) => [name, { ...all(), ...changed }]))
    return { log, traces: { all: all(), models } }
  }

  return {
    get current() {
      return current()
    },
    logSettings(change) {
      if (change !== undefined) {
        log = { ...log, ...change }
        onChange(current())
      }
      return log
    },
    traceSettings(model, change) {
      if (change !== undefined) {
        if (traces === undefined && (change.isOn === true || typeof change.ratio === 'number'))
          throw new ServingError(
            'unsupported',
            'there is nowhere to send traces to: name a collector with OTEL_EXPORTER_OTLP_ENDPOINT when the server is started',
          )
        apply(change, model === undefined ? ofAll : changedOf(model))
        onChange(current())
      }
      return { ...all(), ...(model === undefined ? {} : ofModels.get(model)) }
    },
  }

  function changedOf(model: string): Changed {
    const known = ofModels.get(model) ?? {}
    ofModels.set(model, known)
    return known
  }
}

function apply({ isOn, ratio }: TraceChange, changed: Changed): void {
  if (isOn === null) delete changed.isOn
  else if (isOn !== undefined) changed.isOn = isOn
  if (ratio === null) delete changed.ratio
  else if (ratio !== undefined) changed.ratio = ratio
}
