// Brings what package-lock.json names, once, with any Node from 20 on; knows nothing but Node's own modules.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const stampFile = join(root, 'node_modules', '.slipway-installed')

/** Path of the pinned Node, as its npm package brings it. */
export const nodePath = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')

/** What an installation was made from: the lockfile, the manifest and the machine. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`)
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** Folders of the packages that the lockfile holds for this machine. */
function packageFolders() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const fits = (list, own) => list === undefined || list.includes(own)
  return Object.entries(packages)
    .filter(
      ([path, { os, cpu, libc, optional }]) =>
        path !== '' &&
        fits(os, process.platform) &&
        fits(cpu, process.arch) &&
        fits(libc, ownLibc()) &&
        // what only another platform's packages need says so no other way
        !(optional && os === undefined && cpu === undefined),
    )
    .map(([path]) => join(root, path))
}

/** Which C library this machine has, as lockfiles call it. */
function ownLibc() {
  const isGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined
  return process.platform === 'linux' && !isGlibc ? 'musl' : 'glibc'
}

/** A package is there once its manifest is. */
function countInstalled(folders) {
  return folders.filter((folder) => existsSync(join(folder, 'package.json'))).length
}

function showProgress() {
  const folders = packageFolders()
  const { isTTY: isTerminal } = process.stderr
  const started = Date.now()
  const timer = setInterval(
    () => {
      const seconds = Math.round((Date.now() - started) / 1000)
      const text = `installing packages: ${countInstalled(folders)} of ${folders.length}, ${seconds} s`
      process.stderr.write(isTerminal ? `\r\x1b[2K${text}` : `${text}\n`)
    },
    isTerminal ? 200 : 5000,
  )
  return () => {
    clearInterval(timer)
    if (isTerminal) process.stderr.write('\r\x1b[2K')
    process.stderr.write(`packages installed in ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
  }
}

/** Installs when what is there is stale, and does nothing otherwise. */
export async function setUp() {
  const wanted = fingerprint()
  const isFresh = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted && existsSync(nodePath)
  if (!isFresh) {
    await install()
    writeFileSync(stampFile, wanted)
  }
  const probe = spawnSync(nodePath, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' })
  if (probe.status === 0) return
  process.stderr.write(`the pinned Node does not start: ${(probe.stderr || String(probe.error)).trim()}\n`)
  if (/libatomic/.test(probe.stderr ?? ''))
    process.stderr.write(
      'it needs a system library: `apt-get install libatomic1` (Debian) or `dnf install libatomic`\n',
    )
  process.exit(1)
}

async function install() {
  const done = showProgress()
  // `npm ci` fails where a registry lacks a package of another platform; this keeps to the lockfile too.
  const args = ['install', '--no-save', '--loglevel=error']
  const npm = process.env.npm_execpath
  const child = npm?.endsWith('.js')
    ? spawn(process.execPath, [npm, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
    : spawn('npm', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' })
  const code = await new Promise((resolve, reject) => child.on('exit', resolve).on('error', reject))
  done()
  if (code === 0) return
  process.stderr.write('npm could not install the packages; its words stand above\n')
  process.exit(1)
}
