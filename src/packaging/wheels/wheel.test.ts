import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { needs } from '../../../test/support/needs.ts'
import { makeWheel, namesByPython, zip } from '../../../test/support/wheel.ts'
import { chooseWheels } from './choose.ts'
import type { ChooseOptions } from './choose.ts'
import { parseRequirement } from './requirements.ts'
import type { Requirement } from './requirements.ts'
import { tagsOf } from './tags.ts'
import type { TargetPython } from './tags.ts'
import { openWheel, unpackWheel } from './wheel.ts'

let folder: string
let out: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-wheels-'))
  out = join(folder, 'out')
  mkdirSync(out)
})
afterEach(() => rmSync(folder, { recursive: true }))

const target: TargetPython = {
  version: [3, 11],
  fullVersion: '3.11.9',
  isFreeThreaded: false,
  architecture: 'x64',
  glibc: [2, 36],
}
const paths = { root: 'env', packages: 'env/lib/python3.11/site-packages', interpreter: '/env/bin/python' }
const signal = new AbortController().signal
const unpack = async (path: string) => unpackWheel(await openWheel(path), paths, out, signal)
const requirement = (text: string) => parseRequirement(text) as Requirement
const choose = (texts: readonly string[], more: Partial<ChooseOptions> = {}) =>
  chooseWheels(folder, { requirements: texts.map(requirement), target, installed: new Map(), ...more })

describe('a wheel', () => {
  test('is laid out as installers do, its programs with the interpreter of the image', async () => {
    const data = 'greeting-1.0.data'
    const path = makeWheel(folder, 'greeting', '1.0', {
      files: {
        'greeting/tool.sh': 'echo',
        [`${data}/purelib/more.py`]: 'x = 1',
        [`${data}/scripts/greet`]: '#!python\nprint(1)\n',
        [`${data}/scripts/other`]: '#!/bin/sh\n',
        [`${data}/data/share/greeting.txt`]: 'hello',
      },
    })
    const entries = await unpack(path)
    const at = (name: string) => entries.find((entry) => entry.path === name)
    expect(entries.map((entry) => entry.path).toSorted()).toEqual(
      [
        `${paths.packages}/greeting-1.0.dist-info/METADATA`,
        `${paths.packages}/greeting-1.0.dist-info/RECORD`,
        `${paths.packages}/greeting-1.0.dist-info/WHEEL`,
        `${paths.packages}/greeting/__init__.py`,
        `${paths.packages}/greeting/tool.sh`,
        `${paths.packages}/more.py`,
        'env/bin/greet',
        'env/bin/other',
        'env/share/greeting.txt',
      ].toSorted(),
    )
    expect(readFileSync(at('env/bin/greet')?.from ?? '', 'utf8')).toBe('#!/env/bin/python\nprint(1)\n')
    expect(readFileSync(at('env/bin/other')?.from ?? '', 'utf8')).toBe('#!/bin/sh\n')
    expect(at('env/bin/greet')?.mode).toBe(0o755)
    expect(at(`${paths.packages}/greeting/tool.sh`)?.mode).toBe(0o755)
    expect(at(`${paths.packages}/more.py`)?.mode).toBe(0o644)
  })

  test.skipIf(!needs('python3'))('of the tests is one that Python reads too', () => {
    expect(namesByPython(makeWheel(folder, 'greeting', '1.0'))).toContain('greeting-1.0.dist-info/RECORD')
  })

  test.each([
    [
      'a file that is not what its list says',
      { record: (right: string) => right.replace(/(__init__\.py,sha256=).{43}/, `$1${'A'.repeat(43)}`) },
    ],
    ['a file that its list does not name', { record: () => '' }],
    ['a file outside', { files: { '../outside.py': 'x' } }],
    ['a file in circles', { files: { 'a/./b.py': 'x' } }],
    ['a file of an unknown kind', { files: { 'greeting-1.0.data/elsewhere/x': 'x' } }],
    ['a program with a path', { files: { 'greeting-1.0.data/scripts/../../x': 'x' } }],
  ])('with %s is refused by its name', async (_word, made) => {
    await expect(unpack(makeWheel(folder, 'greeting', '1.0', made))).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('the wheel "greeting-1.0-py3-none-any.whl"'),
    })
  })

  test('that is damaged anywhere is refused, or is the same', async () => {
    const path = makeWheel(folder, 'greeting', '1.0', { files: { 'greeting/text.py': 'x = 1\n'.repeat(200) } })
    const whole = readFileSync(path)
    const right = (await unpack(path)).map(({ path: at, sha256 }) => [at, sha256])
    const outcomes = new Set<string>()
    for (let i = 0; i < whole.length; i += 7) {
      const bytes = Buffer.from(whole)
      bytes[i] = (bytes[i] ?? 0) ^ 0x5a
      writeFileSync(path, bytes)
      rmSync(out, { recursive: true })
      mkdirSync(out)
      const outcome = await unpack(path).then(
        (entries) =>
          JSON.stringify(entries.map(({ path: at, sha256 }) => [at, sha256])) === JSON.stringify(right)
            ? 'same'
            : 'other',
        (error: { code?: string; message: string }) => error.code ?? error.message,
      )
      outcomes.add(outcome)
    }
    expect([...outcomes].filter((each) => each !== 'same')).toEqual(['refused'])
    for (const end of [0, 10, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, end))
      await expect(unpack(path)).rejects.toMatchObject({ code: 'refused' })
    }
  })

  test('without a description is refused', async () => {
    const path = join(folder, 'plain-1.0-py3-none-any.whl')
    writeFileSync(path, zip({ 'plain.py': '' }))
    await expect(openWheel(path)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('no description'),
    })
  })
})

describe('tags', () => {
  test('put the newest platform that the C library has first, and pure Python last', () => {
    const tags = tagsOf(target)
    expect(tags[0]).toBe('cp311-cp311-manylinux_2_36_x86_64')
    expect(tags).toContain('cp311-cp311-manylinux2014_x86_64')
    expect(tags).toContain('cp38-abi3-manylinux_2_5_x86_64')
    expect(tags).toContain('py3-none-any')
    for (const other of [
      'cp311-cp311-manylinux_2_37_x86_64',
      'cp312-abi3-linux_x86_64',
      'cp310-cp310-linux_x86_64',
      'cp311-cp311-manylinux_2_17_aarch64',
      'cp311-cp311-musllinux_1_2_x86_64',
    ])
      expect(tags).not.toContain(other)
    const free = tagsOf({ ...target, version: [3, 13], isFreeThreaded: true })
    expect(free).toContain('cp313-cp313t-linux_x86_64')
    expect(free.some((tag) => tag.includes('abi3'))).toBe(false)
  })
})

describe('of a folder of wheels', () => {
  test('those are taken that are needed, and what these need in turn', async () => {
    makeWheel(folder, 'greeting', '1.2', { requires: ['Helping[loud]>=1', 'nothing; sys_platform == "win32"'] })
    makeWheel(folder, 'helping', '1.0', { requires: ['shouting; extra == "loud"', 'whispering; extra == "soft"'] })
    makeWheel(folder, 'shouting', '2.0', { requires: ['greeting'] })
    makeWheel(folder, 'unneeded', '2.0')
    const { wheels, missing } = await choose(['greeting'])
    expect(wheels.map(({ name }) => name)).toEqual(['greeting', 'helping', 'shouting'])
    expect(missing).toEqual([])
  })

  test('the one that suits the Python best is taken', async () => {
    makeWheel(folder, 'fast', '1.0')
    makeWheel(folder, 'fast', '1.0', { tag: 'cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64' })
    makeWheel(folder, 'fast', '1.0', { tag: 'cp312-cp312-manylinux_2_17_x86_64' })
    expect((await choose(['fast'])).wheels[0]?.path).toContain('cp311-cp311')
  })

  test('what is missing is told, with who needs it and what is there for others', async () => {
    makeWheel(folder, 'greeting', '1.2', { requires: ['fast>=2'] })
    makeWheel(folder, 'fast', '2.0', { tag: 'cp312-cp312-manylinux_2_17_x86_64' })
    const { missing } = await choose(['greeting'])
    expect(missing).toMatchObject([
      { by: 'greeting', others: ['fast-2.0-cp312-cp312-manylinux_2_17_x86_64.whl'], requirement: { text: 'fast>=2' } },
    ])
  })

  test('what the base has and suits needs no wheel; what does not suit needs one', async () => {
    const installed = new Map([['fast', '1.0']])
    expect(await choose(['fast>=1'], { installed })).toEqual({ wheels: [], missing: [] })
    expect((await choose(['fast>=2'], { installed })).missing).toHaveLength(1)
  })

  test.each([
    ['two versions', ['fast'], 'conflict', /two versions of fast/],
    ['one that does not suit', ['greeting', 'other<1'], 'conflict', /"other<1".*other 1\.0/],
    ['one that does not suit another package', ['greeting'], 'conflict', /the wheel of greeting needs "other<1"/],
    ['one for another Python', ['older'], 'unsupported', /older 1\.0 is for Python <3\.9/],
    ['one with another digest', [`other --hash=sha256:${'0'.repeat(64)}`], 'refused', /digest/],
  ])('%s is refused', async (word, texts, code, message) => {
    makeWheel(folder, 'greeting', '1.0', { requires: word.includes('another package') ? ['other<1'] : [] })
    makeWheel(folder, 'other', '1.0')
    makeWheel(folder, 'older', '1.0', { metadata: ['Requires-Python: <3.9'] })
    if (word === 'two versions') for (const version of ['1.0', '2.0']) makeWheel(folder, 'fast', version)
    await expect(choose(texts)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
})
