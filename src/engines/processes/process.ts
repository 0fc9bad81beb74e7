import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { ServingError, type ErrorCode } from '../../core/errors.ts'
import { damaged, DEFAULT_MAX_FRAME_BYTES, type Frame } from '../../tensor/frames/frame.ts'
import { createFrameReader } from '../../tensor/frames/read-frame.ts'
import { encodeRequest, sendPieces } from '../../tensor/frames/write-frame.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import type { PrintedBy } from './events.ts'
import { LAST } from './last.ts'
import { createLines } from './output-lines.ts'

/** How long a process may take to end that is asked to (ms). */
const GRACE_MS = 2000

/** Whether processes have groups here. */
const HAS_GROUPS = process.platform !== 'win32'

/** Most processes that are ended one by one with the one that has started them. */
const MOST_DESCENDANTS = 10_000

/** What the code's process may say of its own failures; anything else is a failure of ours to run it. */
const ITS_CODES: readonly ErrorCode[] = ['invalid_argument', 'too_large', 'unsupported', 'refused', 'internal']

export interface ProcessOptions {
  /** The language of the code, for people. */
  readonly language: string
  /** The program and its arguments. */
  readonly command: readonly string[]
  /** The folder that it is started in; ours when absent. */
  readonly folder?: string | undefined
  /** All that it is told of its surroundings. */
  readonly variables: Readonly<Record<string, string>>
  /** A line that it printed. */
  readonly onOutput: (text: string, from: PrintedBy) => void
  /** It has ended, however that came. */
  readonly onEnd: (process: CodeProcess) => void
}

/** One process that runs code, from its start to its end. It does one thing at a time. */
export interface CodeProcess {
  readonly pid: number | undefined
  /** Whether it can be asked: false from the first sign of its end. */
  readonly isOpen: boolean
  /** Why it ended, once it has. */
  readonly end: ServingError | undefined
  /** Fulfilled once it has ended, and its last words are told. */
  readonly ended: Promise<void>
  /**
   * Has it do something.
   * @param wanted names of the outputs, in that order; undefined for whatever there is
   * @throws {ServingError} what it answered; `deadline_exceeded` when it does not in time, and `internal` when it dies:
   *   it has ended then
   */
  ask(operation: string, inputs: Tensors, wanted: readonly string[] | undefined, timeoutMs: number): Promise<Tensors>
  /** Asks it to end; it is ended when it does not. */
  dismiss(): void
  /** Ends it at once. */
  kill(reason: ServingError): void
}

interface Pending {
  readonly id: number
  readonly wanted: readonly string[] | undefined
  readonly answered: PromiseWithResolvers<Tensors>
  readonly timer: NodeJS.Timeout
}

/** Starts a process that runs code, with nothing of our environment. */
export function startProcess({ language, command, folder, variables, onOutput, onEnd }: ProcessOptions): CodeProcess {
  const [program = '', ...rest] = command
  // a group of its own, to be ended as one: code may start processes too
  const child = spawn(program, rest, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: variables,
    detached: HAS_GROUPS,
  })
  // a pair of sockets without a name: nobody else can be at its other end
  const channel = child.stdio[3] as Socket
  let pending: Pending | undefined
  let nextId = 1
  let reason: ServingError | undefined
  let end: ServingError | undefined
  let isOpen = true
  const ended = Promise.withResolvers<void>()

  const reader = createFrameReader(DEFAULT_MAX_FRAME_BYTES, receive)
  channel.on('data', (chunk: Buffer) => {
    try {
      reader.push(chunk)
    } catch (cause) {
      kill(died(`the process that runs the code in ${language} sent what cannot be read`, cause))
    }
  })
  channel.on('error', () => {}) // its end follows
  channel.on('end', () => (isOpen = false)).on('close', () => (isOpen = false))
  for (const stream of ['stdout', 'stderr'] as const) {
    const lines = createLines(
      () => performance.now(),
      (text, dropped, isTrace) => onOutput(text, { stream, pid: child.pid, dropped, isTrace }),
    )
    child[stream]?.setEncoding('utf8').on('data', lines.push).on('end', lines.end).on('close', lines.end)
  }
  child.on('error', (cause) => {
    if (child.pid === undefined) finish(`it could not be started: ${cause.message}`)
  })
  // its last words come before its end
  child.on('close', (code, signal) => finish(signal ?? `exit code ${code}`))
  child.on('exit', () => {
    isOpen = false
    endGroup()
    // what it has started may hold its output open for ever
    setTimeout(() => child.stdio.forEach((stream) => stream?.destroy()), 100).unref()
  })

  function finish(how: string): void {
    if (end !== undefined) return
    end = reason ?? died(`the process that runs the code in ${language} died (${how})`)
    const unanswered = pending
    pending = undefined
    clearTimeout(unanswered?.timer)
    unanswered?.answered.reject(end)
    onEnd(self)
    ended.resolve()
  }

  function receive(frame: Frame): void {
    if (pending === undefined || (frame.kind !== 'answer' && frame.kind !== 'failure') || frame.id !== pending.id)
      throw damaged('an answer to nothing that was asked')
    const { answered, timer, wanted } = pending
    if (frame.kind === 'answer' && wanted !== undefined && !isSame([...frame.outputs.keys()], wanted))
      throw damaged('other outputs than were asked for')
    pending = undefined
    clearTimeout(timer)
    if (frame.kind === 'answer') return answered.resolve(frame.outputs)
    const { [LAST]: isLast, ...details } = frame.error.details
    const error = new ServingError(frame.error.code, frame.error.message, { details })
    if (isLast === true) {
      isOpen = false
      kill(error)
    }
    answered.reject(ofCode(error))
  }

  function kill(why: ServingError): void {
    reason ??= why
    endGroup()
  }

  function endGroup(): void {
    const { pid } = child
    if (pid === undefined) return
    const others = HAS_GROUPS ? descendantsOf(pid) : []
    child.kill('SIGKILL')
    // those in groups of their own, too
    for (const each of HAS_GROUPS ? [-pid, ...others] : []) endQuietly(each)
  }

  const self: CodeProcess = {
    pid: child.pid,
    get isOpen() {
      return isOpen
    },
    get end() {
      return end
    },
    ended: ended.promise,
    ask(operation, inputs, wanted, timeoutMs) {
      if (pending !== undefined) throw new Error('a process is asked two things at once; this is a bug')
      if (end !== undefined) return Promise.reject(end)
      const id = nextId++
      const request = { model: operation, version: undefined, inputs, outputs: wanted ?? [] }
      let pieces
      try {
        pieces = encodeRequest(id, { ...request, timeoutMs, priority: undefined }, DEFAULT_MAX_FRAME_BYTES)
      } catch (error) {
        return Promise.reject(error)
      }
      const answered = Promise.withResolvers<Tensors>()
      const timer = setTimeout(() => kill(late(language, operation, timeoutMs)), timeoutMs)
      pending = { id, wanted, answered, timer }
      sendPieces(channel, pieces)
      return answered.promise
    },
    dismiss() {
      reason ??= new ServingError('unavailable', 'the model was taken out meanwhile: try again')
      channel.end()
      setTimeout(endGroup, GRACE_MS).unref()
    },
    kill,
  }
  return self
}

/** What a process has started, as far as the system tells: Linux does. */
function descendantsOf(pid: number): number[] {
  const found: number[] = []
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`))
      for (const word of readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ')) {
        const child = Number(word)
        if (child > 0 && found.length < MOST_DESCENDANTS) found.push(child, ...descendantsOf(child))
      }
  } catch {
    // it is gone, or nobody tells
  }
  return found
}

function endQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}

function died(message: string, cause?: unknown): ServingError {
  return new ServingError('internal', message, { cause, details: { reason: 'killed_worker' } })
}

function late(language: string, operation: string, timeoutMs: number): ServingError {
  const what = operation === 'run' ? 'did not answer' : 'did not load'
  return new ServingError('deadline_exceeded', `the code in ${language} ${what} within ${timeoutMs} ms: it was ended`, {
    details: { reason: 'run_too_long', maxRunMs: timeoutMs },
  })
}

function ofCode(error: ServingError): ServingError {
  if (ITS_CODES.includes(error.code)) return error
  return new ServingError('internal', error.message, { details: { reason: 'code_failed' } })
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i])
}
