import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { needs } from '../../test/support/needs.ts'
import { cpuSeconds, memoryBytes, parseMachineTicks, parseStat, proportionalBytes, sumMaps, treeOf } from './proc.ts'

const mapping = (path: string, residentKiB: number, anonymousKiB: number) =>
  `55ab23dff000-55ab23e01000 r--p 00000000 fe:00 247278                     ${path}\nSize: 9999 kB\nRss: ${residentKiB} kB\nPss: 1 kB\nAnonymous: ${anonymousKiB} kB\n`

test('a process whose name holds blanks and brackets is read all the same', () => {
  const text = '42 (a) b (c) S 7 42 42 0 -1 4194304 100 0 0 0 150 25 30 5 20 0 1 0 99 1000 10'
  expect(parseStat(text)).toEqual({ parent: 7, ticks: 175, childTicks: 35 })
})

test('idle time and waiting for a disk are not counted as work of the machine', () => {
  expect(parseMachineTicks('cpu  100 10 50 9000 800 3 4 5 0 0\ncpu0 1 1 1 1')).toBe(172)
})

describe('memory of a tree', () => {
  test('counts own pages of each process, and a shared file once', () => {
    const first = mapping('/usr/bin/node', 500, 100) + mapping('', 50, 50)
    const second = mapping('/usr/bin/node', 300, 20) + mapping('[heap]', 70, 70)
    expect(sumMaps([first, second])).toBe((100 + 50 + 20 + 70 + 400) * 1024)
  })

  test('of no process is nothing', () => {
    expect(sumMaps([])).toBe(0)
  })
})

describe.skipIf(!needs('linux'))('a tree of real processes', () => {
  test('holds the grandchild, its memory and its work', async () => {
    const grandchild = `const end = Date.now() + 300; while (Date.now() < end); console.log('worked'); setInterval(() => {}, 1000)`
    const child = spawn(
      process.execPath,
      [
        '-e',
        `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' })`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    try {
      await once(child.stdout, 'data')
      const tree = treeOf(child.pid ?? 0)
      expect(tree).toHaveLength(2)
      expect(cpuSeconds(tree)).toBeGreaterThan(cpuSeconds(tree.slice(0, 1)))
      expect(memoryBytes(tree)).toBeGreaterThan(memoryBytes(tree.slice(0, 1)))
      expect(proportionalBytes(tree)).toBeGreaterThan(proportionalBytes(tree.slice(0, 1)))
      expect(proportionalBytes(tree)).toBeLessThanOrEqual(memoryBytes(tree))
    } finally {
      for (const pid of treeOf(child.pid ?? 0).reverse()) process.kill(pid, 'SIGKILL')
    }
  })

  test('that has ended uses nothing', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    const pids = [child.pid ?? 0]
    expect([cpuSeconds(pids), memoryBytes(pids), proportionalBytes(pids)]).toEqual([0, 0, 0])
  })
})
