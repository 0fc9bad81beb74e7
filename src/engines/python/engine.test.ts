import { readdirSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isAlive } from '../../../test/support/command.ts'
import { findTool, needs } from '../../../test/support/needs.ts'
import { ServingError } from '../../core/errors.ts'
import type { LoadedStep } from '../engine.ts'
import { answerIn, body, bundleOf, createBench, livingProcesses, OUTPUTS, type PythonBench } from './python.fixture.ts'

const PYTHON = findTool('python3') ?? 'python3'

/** Inference code that does what the body says. */
const DOES = `
import json, os, sys, time, threading

held = []

def model_fn(model_dir):
    print("loaded from", sorted(os.listdir(model_dir)))
    return 3

def input_fn(body, content_type):
    return json.loads(body)

def predict_fn(data, model):
    what = data[0] if isinstance(data, list) and data and isinstance(data[0], str) else None
    if what == "die": os.kill(os.getpid(), 9)
    if what == "sleep": time.sleep(data[1])
    if what == "exit": sys.exit(3)
    if what == "raise": open("/nowhere/secret/file.txt")
    if what == "pid": return os.getpid()
    if what == "print":
        for i in range(data[1]): print("x" * 5000)
        os.write(1, b"\\xff\\xfe not text\\n")
    if what == "garbage":
        for fd in range(3, 300):
            try: os.write(fd, b"garbage" * 100)
            except OSError: pass
    if what == "close":
        os.closerange(3, 300)
    if what == "grow":
        held.append(bytearray(data[1] << 20))
        for at in range(0, data[1] << 20, 4096): held[-1][at] = 1
    if what == "write":
        try:
            open(data[1], "w").write("x")
            return "written"
        except OSError as error:
            return type(error).__name__
    if what == "connect":
        import socket
        try:
            socket.create_connection(("127.0.0.1", data[1]), timeout=5)
            return "connected"
        except OSError as error:
            return type(error).__name__
    if what == "environment": return sorted(os.environ)
    if what == "peek":
        try:
            return open("/proc/%d/environ" % os.getppid()).read()
        except OSError as error:
            return type(error).__name__
    if what == "fork":
        if os.fork() == 0:
            time.sleep(60)
    if what == "daemon":
        import subprocess
        started = subprocess.Popen(["sleep", "60"], start_new_session=True)
        print("started", started.pid)
        time.sleep(data[1])
    return [each * model for each in data] if what is None else what
`

const read = bundleOf('sagemaker', 'code/inference.py', { 'code/inference.py': DOES, 'weights/a b.bin': 'w' })

let bench: PythonBench

beforeEach(() => {
  bench = createBench(PYTHON)
})

afterEach(() => bench.end())

async function ask(step: LoadedStep, ...what: unknown[]): Promise<unknown> {
  return JSON.parse(answerIn(await step.run(body(JSON.stringify(what), 'application/json'), OUTPUTS)).body)
}

function failureOf(promise: Promise<unknown>): Promise<ServingError> {
  return promise.then(
    (value) => {
      throw new Error(`it answered ${JSON.stringify(value)}`)
    },
    (error: unknown) => ServingError.from(error),
  )
}

describe.skipIf(!needs('python3', 'linux'))('code in Python', () => {
  test('sees its files as they lay, and answers bodies', async () => {
    const step = await bench.load(read)
    expect(await ask(step, 1, 2)).toEqual([3, 6])
    expect(step.processes).toBe(1)
    await expect.poll(() => bench.output).toContainEqual("loaded from ['code', 'weights']")
  })

  test('that fails answers with the last line of its traceback, without paths, and goes on', async () => {
    const step = await bench.load(read)
    const error = await failureOf(ask(step, 'raise'))
    expect(error.code).toBe('internal')
    expect(error.message).toBe(
      "predict_fn failed: FileNotFoundError: [Errno 2] No such file or directory: 'file.txt' (code/inference.py, line 18, in predict_fn)",
    )
    expect(await ask(step, 1)).toEqual([3])
    // the log has all of it, from the code's own first line on
    await expect.poll(() => bench.output.join('\n')).toMatch(/Traceback[\s\S]*secret\/file\.txt/)
    expect(bench.output.join('\n')).not.toMatch(/slipway_runner/)
  })

  test('that calls exit answers with that, and goes on', async () => {
    const step = await bench.load(read)
    expect(await failureOf(ask(step, 'exit'))).toMatchObject({ code: 'internal', message: /SystemExit: 3/ })
    const pid = await ask(step, 'pid')
    expect(await failureOf(ask(step, 'exit'))).toMatchObject({ code: 'internal' })
    expect(await ask(step, 'pid')).toBe(pid)
  })

  test.each([['die'], ['close']])('whose process ends (%s) fails that request alone, and is replaced', async (how) => {
    const step = await bench.load(read)
    const before = await ask(step, 'pid')
    expect(await failureOf(ask(step, how))).toMatchObject({ code: 'internal', details: { reason: 'killed_worker' } })
    expect(await ask(step, 'pid')).not.toBe(before)
    expect(bench.events.join('\n')).toMatch(/starting another/)
  })

  test('whose process is killed from outside while it waits is replaced before the next request needs it', async () => {
    const step = await bench.load(read)
    const before = Number(await ask(step, 'pid'))
    process.kill(before, 'SIGKILL')
    await expect.poll(() => bench.events.join('\n')).toMatch(/starting another/)
    expect(await ask(step, 'pid')).not.toBe(before)
  })

  test('that takes too long is ended, and the next request is answered by another process', async () => {
    const step = await bench.load(read, { runTimeoutMs: 700 })
    const error = await failureOf(ask(step, 'sleep', 60))
    expect(error).toMatchObject({ code: 'deadline_exceeded', details: { reason: 'run_too_long' } })
    expect(await ask(step, 2)).toEqual([6])
    expect(livingProcesses()).toHaveLength(1)
  })

  test('that is ended takes with it what it has started, also in sessions of their own', async () => {
    const step = await bench.load(read, { runTimeoutMs: 700 })
    expect(await failureOf(ask(step, 'daemon', 60))).toMatchObject({ code: 'deadline_exceeded' })
    await expect.poll(() => bench.output.join('\n')).toMatch(/started \d+/)
    const pid = Number(/started (\d+)/.exec(bench.output.join('\n'))?.[1])
    await expect.poll(() => isAlive(pid)).toBe(false)
  })

  test('that answers is replaced at once, however often its processes die', async () => {
    const step = await bench.load(read)
    for (let i = 0; i < 7; i++) {
      expect(await failureOf(ask(step, 'die'))).toMatchObject({ code: 'internal' })
      expect(await ask(step, 1)).toEqual([3])
    }
  })

  test('that writes into the channel costs its process, never the reader', async () => {
    const step = await bench.load(read)
    expect(await failureOf(ask(step, 'garbage'))).toMatchObject({ code: 'internal' })
    expect(await ask(step, 5)).toEqual([15])
  })

  test('that prints is heard, a little of each line and not too many of them', async () => {
    const step = await bench.load(read)
    expect(await ask(step, 'print', 2000)).toBe('print')
    expect(await ask(step, 'print', 1)).toBe('print')
    await expect.poll(() => bench.output.length).toBeGreaterThan(10)
    expect(bench.output.length).toBeLessThan(200)
    for (const line of bench.output) expect(line.length).toBeLessThan(2100)
  })

  test('that holds more memory than it may is ended', async () => {
    const step = await bench.load(read, { memoryMiB: 150 })
    expect(await failureOf(ask(step, 'grow', 400))).toMatchObject({ code: 'internal', message: /the most is 150 MiB/ })
    expect(await ask(step, 1)).toEqual([3])
  })

  test('that leaks is replaced between two requests, and none of them fails', async () => {
    const step = await bench.load(read, { memoryMiB: 200 })
    const pids = new Set<unknown>()
    const isNoticed = () => bench.events.some((text) => text.includes('nearly all the memory'))
    for (let i = 0; i < 400 && pids.size < 2; i++) {
      // a fresh process takes longer to start on a busy machine than this one to break its bound
      if (!isNoticed()) await ask(step, 'grow', 8)
      pids.add(await ask(step, 'pid'))
      await setTimeout(60)
    }
    expect(pids.size).toBeGreaterThan(1)
    expect(bench.events.join('\n')).toMatch(/nearly all the memory/)
    expect(bench.events.join('\n')).not.toMatch(/starting another/)
  })

  test('runs in as many processes as it is given, at once', async () => {
    const step = await bench.load(read, { workers: 3 })
    const pids = await Promise.all([0, 1, 2].map(() => ask(step, 'sleep', 0.4)))
    expect(pids).toHaveLength(3)
    expect(livingProcesses()).toHaveLength(3)
    const others = await Promise.all([0, 1, 2].map(() => ask(step, 'pid')))
    expect(new Set(others).size).toBe(3)
  })

  test('that dies again and again is started less and less often, and callers are told when to come again', async () => {
    const step = await bench.load(read)
    let error: ServingError | undefined
    for (let i = 0; i < 8 && error?.code !== 'unavailable'; i++) error = await failureOf(ask(step, 'die'))
    expect(error).toMatchObject({ code: 'unavailable', details: { retryAfterMs: expect.any(Number) } })
  })

  test('has none of our environment, may write to its own folder alone, and opens no connection', async () => {
    process.env.SLIPWAY_TEST_SECRET = 'x'
    const step = await bench.load(read)
    delete process.env.SLIPWAY_TEST_SECRET
    expect(await ask(step, 'environment')).not.toContain('SLIPWAY_TEST_SECRET')
    expect(await ask(step, 'peek')).toBe('PermissionError')
    expect(await ask(step, 'write', '/tmp/slipway-written')).toBe('PermissionError')
    expect(await ask(step, 'write', 'code/other.py')).toBe('PermissionError')
    expect(await ask(step, 'connect', 22)).toBe('PermissionError')
    const scratch = readdirSync(bench.folder).map((name) => `${bench.folder}/${name}/scratch/file`)
    expect(await ask(step, 'write', scratch[0])).toBe('written')
  })

  test('leaves neither processes nor files behind', async () => {
    const step = await bench.load(read, { workers: 2 })
    await ask(step, 'fork')
    const late = failureOf(ask(step, 'sleep', 30))
    step.release()
    expect(await late).toMatchObject({ code: 'unavailable' })
    await expect.poll(livingProcesses, { timeout: 10_000 }).toEqual([])
    expect(readdirSync(bench.folder)).toEqual([])
    expect(await failureOf(ask(step, 1))).toMatchObject({ code: 'unavailable' })
  })
})

const AZURE = `
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

def init(): pass

@input_schema("data", StandardPythonParameterType([1.0]))
def run(data, scale=2):
    return [each * scale for each in data]
`

describe.skipIf(!needs('python3', 'linux'))('an Azure ML scoring script', () => {
  test('whose fields are missing or unknown has the caller at fault', async () => {
    const step = await bench.load(bundleOf('azure', 'score.py', { 'score.py': AZURE }))
    const send = async (fields: object) => step.run(body(JSON.stringify(fields), 'application/json'), OUTPUTS)
    expect(answerIn(await send({ data: [1, 2] })).body).toBe('[2, 4]')
    expect(await failureOf(send({}))).toMatchObject({
      code: 'invalid_argument',
      message: 'the body has no "data"; run() takes data, scale',
    })
    expect(await failureOf(send({ data: [1], more: 1 }))).toMatchObject({
      code: 'invalid_argument',
      message: /^the body has "more"; run\(\) takes/,
    })
    expect(await failureOf(send({ data: 5 }))).toMatchObject({
      code: 'internal',
      message: /score\.py, line 10, in run/,
    })
  })

  test('that reads whole requests finds headers in any case, and JSON that is none is the caller’s', async () => {
    const text = `
from azureml.contrib.services.aml_request import rawhttp
def init(): pass
@rawhttp
def run(request):
    return [request.headers["content-TYPE"], request.headers.get("Accept"), "accept" in request.headers, request.get_json()]
`
    const step = await bench.load(bundleOf('azure', 'score.py', { 'score.py': text }))
    const answer = await step.run(body('{"a": 1}', 'application/json', 'text/csv'), OUTPUTS)
    expect(JSON.parse(answerIn(answer).body)).toEqual(['application/json', 'text/csv', true, { a: 1 }])
    expect(await failureOf((async () => step.run(body('{', 'application/json'), OUTPUTS))())).toMatchObject({
      code: 'invalid_argument',
      message: /no JSON/,
    })
  })
})

describe.skipIf(!needs('python3'))('a pickle of a class that the script had which wrote it', () => {
  // protocol 2: look up __main__.Scores, make one
  const pickle = Buffer.from('\x80\x02c__main__\nScores\n)\x81.', 'latin1')

  test('finds the class of that name in the inference code', async () => {
    const code = `
import pickle
class Scores:
    def of(self, data): return data + "!"
def model_fn(d): return pickle.load(open(d + "/model.pkl", "rb"))
def input_fn(body, content_type): return body
def predict_fn(data, model): return model.of(data)
`
    const step = await bench.load(bundleOf('sagemaker', 'inference.py', { 'inference.py': code, 'model.pkl': pickle }))
    expect(JSON.parse(answerIn(await step.run(body('a', 'application/json'), OUTPUTS)).body)).toBe('a!')
  })

  test('is refused by the name of the class where there is no code', async () => {
    const error = await failureOf(bench.load(bundleOf('object', 'model.pkl', { 'model.pkl': pickle })))
    expect(error).toMatchObject({ code: 'refused', message: /^the file needs "Scores" of the script that wrote it/ })
  })
})

describe.skipIf(!needs('python3'))('code in Python that cannot be loaded', () => {
  test.each([
    ['def model_fn(', /SyntaxError/],
    ['import no_such_package_here', /needs the package "no_such_package_here".*requirements\.txt/],
    [
      'def model_fn(d): raise ValueError("no weights in /var/lib/x/weights.bin")',
      /model_fn failed: ValueError: no weights in weights\.bin \(inference\.py, line 1/,
    ],
    ['import sys; sys.exit(4)', /SystemExit: 4/],
    ['import os; os._exit(4)', /died \(exit code 4\)/],
    ['def model_fn(d): return 1\ndef transform_fn(): pass\ndef input_fn(): pass', /transform_fn beside input_fn/],
    ['x = 1', /model_fn is missing.*no model file/],
  ])('%j is refused with the reason', async (text, message) => {
    const error = await failureOf(bench.load(bundleOf('sagemaker', 'inference.py', { 'inference.py': text })))
    expect(['refused', 'internal']).toContain(error.code)
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain(bench.folder)
    expect(readdirSync(bench.folder)).toEqual([])
  })

  test('it is refused when it does not load in time', async () => {
    const text = 'import time\ntime.sleep(60)'
    const read = bundleOf('sagemaker', 'inference.py', { 'inference.py': text })
    const error = await failureOf(bench.load(read, { startTimeoutMs: 500 }))
    expect(error).toMatchObject({ code: 'deadline_exceeded', message: /did not load within 500 ms/ })
  })

  test('an interpreter that is none is said', async () => {
    const interpreter = { executable: '/nowhere/python', version: '3', platform: 'test' }
    const error = await failureOf(bench.load(read, { interpreter }))
    expect(error).toMatchObject({ code: 'internal', message: /could not be started|died/ })
  })
})
