import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { externalModel, sequenceModel } from '../../test/support/models.ts'
import { packBundle } from '../bundle/pack.ts'
import { sampleBundle } from '../bundle/sample-bundle.fixture.ts'
import { BundleStore } from '../bundle/store.ts'
import { runHere } from './testing.fixture.ts'

const FRAUD = 'examples/fraud/fraud.onnx'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-inspect-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

async function put(name: string, content: Uint8Array | string): Promise<string> {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}

/** What `slipway inspect --json` says. */
async function inspect(path: string): Promise<{ code: number; document: Record<string, unknown> }> {
  const { code, stdout } = await runHere(['inspect', path, '--json'])
  return { code, document: JSON.parse(stdout) as Record<string, unknown> }
}

describe('slipway inspect', () => {
  test('tells what is in an ONNX file', async () => {
    expect(await inspect(FRAUD)).toMatchObject({
      code: 0,
      document: {
        file: 'fraud.onnx',
        format: 'onnx',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        verdict: 'compiled',
        graph: {
          producer: 'slipway',
          operators: expect.objectContaining({ MatMul: 1, Sigmoid: 1 }),
          inputs: ['X FP64 [rows, 10]'],
          outputs: ['predict INT64 [rows]', 'predict_proba FP64 [rows, 2]'],
        },
      },
    })
    const { code, stdout } = await runHere(['inspect', FRAUD])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^file {6}fraud.onnx \(an ONNX model, .*\)\nsha256 {4}[0-9a-f]{64}\n[^]*\nverdict {3}compiled\n$/,
    )
  })

  test('reads the weights beside an ONNX file, and tells the graph where they are missing', async () => {
    const { model, weights } = externalModel()
    const path = await put('external.onnx', model)
    expect(await inspect(path)).toMatchObject({
      code: 3,
      document: { verdict: 'refused', error: { code: 'not_found' }, graph: { operators: { MatMul: 1, Add: 1 } } },
    })
    await put('weights.bin', weights)
    expect(await inspect(path)).toMatchObject({ code: 0, document: { verdict: 'compiled' } })
  })

  test('tells what is in a bundle, in a folder or packed', async () => {
    const { manifest, digest, files } = sampleBundle({ more: 'x' })
    const unpacked = await new BundleStore(join(folder, 'store')).put(sampleBundle({ more: 'x' }))
    const packed = await put('any name at all', await packBundle(files))
    for (const path of [unpacked, packed]) {
      const { code, document } = await inspect(path)
      expect(code).toBe(0)
      expect(document).toMatchObject({ verdict: 'compiled', kind: 'bundle', name: 'sample', digest })
      expect(document).toMatchObject({ signature: manifest.signature, files: manifest.files })
      expect((await runHere(['inspect', path])).stdout).toContain(`\nversion   ${digest}\n`)
    }
  })

  test.each<[string, Uint8Array | string, string, string, string]>([
    ['a pickle', Buffer.from('\x80\x04\x95junk', 'latin1'), 'pickle', 'unsupported', 'is a Python pickle'],
    ['gzip of junk', gzipSync('junk'), 'gzip', 'refused', 'the file is no .tar.gz, or it is damaged'],
    ['half of gzip', gzipSync('junk').subarray(0, 15), 'gzip', 'refused', 'the file is no .tar.gz, or it is damaged'],
    ['text', 'amount,hour\n', 'text', 'unsupported', 'is text'],
    ['nothing', '', 'empty', 'unsupported', 'is an empty file'],
    ['an ONNX file cut short', Uint8Array.of(8, 9, 0x3a, 100, 1), 'onnx', 'refused', ''],
    ['a model that cannot be served', sequenceModel(), 'onnx', 'unsupported', 'output "y" is a sequence'],
  ])('describes a file that it refuses: %s', async (_what, content, format, code, message) => {
    const path = await put('refused', content)
    expect(await inspect(path)).toMatchObject({
      code: 3,
      document: {
        file: 'refused',
        format,
        sizeBytes: Buffer.from(content as string).length,
        verdict: 'refused',
        error: { code, message: expect.stringContaining(message) },
      },
    })
    const ran = await runHere(['inspect', path])
    expect(ran.code).toBe(3)
    expect(ran.stdout).toMatch(/^file {6}refused [^]*\nverdict {3}refused: /)
  })

  test('describes a bundle that was changed', async () => {
    const path = await new BundleStore(join(folder, 'changed')).put(sampleBundle())
    await writeFile(join(path, 'model.onnx'), 'changed')
    const { code, document } = await inspect(path)
    expect(code).toBe(3)
    expect(document).toMatchObject({ kind: 'bundle', verdict: 'refused', error: { code: 'refused' } })
    expect((await runHere(['inspect', path])).stdout).toContain(
      'verdict   refused: the bundle\'s file "model.onnx" is not',
    )
  })

  test('fails for what is not there and for what is no bundle, and looks behind links', async () => {
    expect((await inspect(join(folder, 'nothing'))).document).toMatchObject({ error: { code: 'not_found' } })
    expect((await runHere(['inspect', folder])).code).toBe(1)
    await symlink(await put('target', 'x'), join(folder, 'link'))
    expect(await inspect(join(folder, 'link'))).toMatchObject({ code: 3, document: { error: { code: 'unsupported' } } })
    if (process.platform !== 'win32') expect((await runHere(['inspect', '/dev/zero'])).code).toBe(3)
  })
})
