/** The real `slipway` command as child processes, each of which is ended by its own id whatever a test does. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const ROOT = join(import.meta.dirname, '../..')

/** Where a run of tests keeps what Node has compiled (vitest.config.ts); nowhere outside of one. */
const { NODE_COMPILE_CACHE } = process.env
const COMPILED = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }

export interface CommandOptions {
  /** Environment in place of ours; PATH is kept, and where a run of tests keeps what is compiled. */
  readonly env?: Readonly<Record<string, string>>
  /** What the command reads on its standard input. Default: nothing. */
  readonly input?: string
  /** In a process group of its own, as a terminal starts it. */
  readonly isGroup?: boolean
}

export interface RunningCommand {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  /** Fulfilled once the process has ended and all that it wrote has been read. */
  readonly ended: Promise<EndedCommand>
  /** Waits until stdout or stderr has this in it; throws when the command ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  /** Process ids of everything of that kind that runs now. */
  processes(kind: 'runner' | 'worker' | 'control'): Promise<number[]>
}

export interface EndedCommand {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningServer extends RunningCommand {
  readonly url: string
  /** Process id of the runner that answers now. */
  runner(): Promise<number>
}

const running = new Set<ChildProcess>()
/** Runners that a test asked for: a supervisor that was killed no longer leads to them. */
const runners = new Set<number>()

/** Starts `slipway` with these arguments. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const child = spawn(process.execPath, [join(ROOT, 'src/cli/main.ts'), ...args], {
    cwd: ROOT,
    // servers run side by side: each speaks gRPC on a port of its own
    env: { PATH: process.env.PATH ?? '', SLIPWAY_GRPC_PORT: '0', ...COMPILED, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: options.isGroup === true,
  })
  running.add(child)
  child.stdin?.on('error', () => {}).end(options.input ?? '')
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  let hasEnded = false
  const ended = new Promise<EndedCommand>((resolve) => {
    child.on('close', (code) => {
      hasEnded = true
      running.delete(child)
      resolve({ code, stdout, stderr })
    })
  })
  async function until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(stdout) ?? pattern.exec(stderr)
      if (found !== null) return found
      if (hasEnded)
        throw new Error(`the command ended (${child.exitCode}) before it said ${pattern}:\n${stdout}${stderr}`)
      await setTimeout(10)
    }
  }
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    until,
    processes: (kind) => processesOf(child.pid ?? 0, kind),
  }
}

/** Runs `slipway` to its end. */
export function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<EndedCommand> {
  return startCommand(args, options).ended
}

/** Starts `slipway serve` on a free port and waits until it answers. */
export async function startServer(args: readonly string[], options: CommandOptions = {}): Promise<RunningServer> {
  const command = startCommand(['serve', '--port', '0', ...args], options)
  const [, url = ''] = await command.until(/^Slipway answers at (\S+)$/m)
  const pid = command.child.pid ?? 0
  return { ...command, url, runner: () => runnerOf(pid) }
}

/** Ends every command that is left, and their runners. For `afterEach`. */
export async function endCommands(): Promise<void> {
  for (const child of running) {
    const pids = child.pid === undefined ? [] : [...(await childrenOf(child.pid)), child.pid]
    for (const pid of pids) kill(pid)
  }
  for (const pid of runners) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (line.includes('--slipway-process')) kill(pid)
  }
  runners.clear()
  while (running.size > 0) await setTimeout(10)
}

/** Whether a process is there and not just waiting to be collected. Linux. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) [ZX] /.test(stat)
}

async function runnerOf(supervisor: number): Promise<number> {
  for (;;) {
    for (const pid of await childrenOf(supervisor)) {
      if (!(await isAlive(pid))) continue
      runners.add(pid)
      return pid
    }
    await setTimeout(10)
  }
}

async function processesOf(supervisor: number, kind: string): Promise<number[]> {
  const found: number[] = []
  for (const pid of await childrenOf(supervisor)) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (!line.includes(`--slipway-process\0${kind}\0`) || !(await isAlive(pid))) continue
    runners.add(pid)
    found.push(pid)
  }
  return found
}

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return children.split(' ').filter(Boolean).map(Number)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended by itself
  }
}
