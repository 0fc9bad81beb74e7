import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import type { DataPlane, ServedModel } from '../../runtime/plane.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import { tensor, type Tensor } from '../../tensor/tensor.ts'
import type { PathParameters, Route, WireResponse } from '../protocol.ts'
import { docsPage } from './docs-page.ts'
import { formOf } from './example.ts'
import { GATE_SCRIPT } from './gate-script.ts'
import { html, jsonText } from './html.ts'
import { SCRIPT } from './script.ts'
import { choicesOf } from '../../runtime/choices.fixture.ts'

const HOSTILE = `</script><img src=x onerror="alert('1')">&lt;\u2028`

function served(name: string, columns: readonly string[] = ['a', 'b']): ServedModel {
  return {
    name,
    version: '0123456789abcdef'.repeat(4),
    signature: {
      inputs: [{ name: 'X', datatype: 'FP64', shape: [-1, columns.length], columns }],
      outputs: [{ name: 'predict_proba', datatype: 'FP64', shape: [-1, 2], columns: ['no', 'yes'] }],
    },
    example: new Map([['X', tensor('FP64', [1, columns.length], new Float64Array(columns.length).fill(0.5))]]),
    engines: ['onnxruntime'],
    batching: { rowsAreIndependent: true, reason: 'rows gave alone what they gave together' },
    labels: [],
    choices: choicesOf(),
    state: 'ready',
  }
}

function planeOf(models: readonly ServedModel[], preset?: string): DataPlane {
  return {
    isReady: () => true,
    models: () => models,
    model(name = preset ?? (models.length === 1 ? models[0]?.name : undefined)) {
      const found = models.find((model) => model.name === name)
      if (found === undefined) throw new ServingError('not_found', `model "${name}" is unknown`)
      return found
    },
    predict: () => Promise.reject(new Error('a page runs no model')),
  }
}

async function get(plane: DataPlane, path: string, parameters: PathParameters = {}): Promise<WireResponse> {
  const route = docsPage.routes.find((known: Route) => known.path === path) as Route
  const request = { method: 'GET', path, query: '', headers: {}, body: new Uint8Array() }
  return route.handle(request, plane, { aborted: false }, parameters)
}

describe('the documentation page', () => {
  test('a browser may run and apply only what the page holds, by hash, and reach only its own server', async () => {
    const { status, headers, body } = await get(planeOf([served('fraud')]), '/')
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    const policy = headers['content-security-policy'] ?? ''
    // one policy for both: the page that asks for a key has the model's page written in its own place
    const asking = docsPage.failure(new ServingError('unauthenticated', 'a key is needed'))
    expect(asking.headers['content-security-policy']).toBe(policy)
    for (const [directive, tag] of [
      ['script-src', 'script'],
      ['style-src', 'style'],
    ]) {
      const hashes = [body, asking.body].map((text) => {
        const inline = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(String(text))?.[1] ?? ''
        return `'sha256-${createHash('sha256').update(inline).digest('base64')}'`
      })
      expect(policy).toContain(`${directive} ${[...new Set(hashes)].join(' ')};`)
    }
    for (const part of ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy).toContain(part)
    expect(policy).not.toContain('unsafe')
    expect(String(body)).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
    for (const script of [SCRIPT, GATE_SCRIPT]) expect(script).not.toMatch(/<\/script|<!--/i)
  })

  test('names of models and columns stay text, wherever they stand', async () => {
    const { body } = await get(planeOf([served(HOSTILE, [HOSTILE, 'b']), served('other')], HOSTILE), '/')
    expect(body).not.toContain('<img')
    // the data, the script, and nothing that a name has ended early
    expect(String(body).match(/<\/script>/g)).toHaveLength(2)
    expect(body).toContain('&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;lt;')
    expect(body).toContain(`href="./docs/${encodeURIComponent(HOSTILE).replaceAll("'", '&#39;')}"`)
  })

  test('any text in a template is escaped, and any document survives its script element', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from(`<>&"'/!-=;scriptp \u2028\u{1f6a2}`)) }), (text) => {
        const attribute = html`<p title="${text}">${text}</p>`.text
        expect(attribute.replace(/&(?:amp|lt|gt|quot|#39);/g, '')).toMatch(/^<p title="[^<>"'&]*">[^<>"'&]*<\/p>$/)
        expect(jsonText({ [text]: text })).not.toContain('<')
        expect(JSON.parse(jsonText([text]))).toEqual([text])
      }),
    )
  })

  test('the front page is the default model, or the list where there is none', async () => {
    const models = [served('digits'), served('fraud')]
    expect((await get(planeOf(models, 'fraud'), '/')).body).toContain('<h1><bdi>fraud</bdi></h1>')
    const list = await get(planeOf(models), '/')
    expect(list.status).toBe(200)
    expect(list.body).toContain('href="docs/digits"')
    expect((await get(planeOf([]), '/')).body).toContain('no model loaded')
  })

  test('only the default model shows paths without a name in them, which always reach it', async () => {
    const plane = planeOf([served('digits'), served('fraud')], 'fraud')
    const preset = (await get(plane, '/docs/{model}', { model: 'fraud' })).body
    expect(preset).toContain('"path":"invocations"')
    expect(preset).toContain('"path":"score"')
    const other = (await get(plane, '/docs/{model}', { model: 'digits' })).body
    expect(other).not.toContain('"path":"invocations"')
    expect(other).not.toContain('"path":"score"')
    expect(other).toContain('"path":"models/digits/invoke"')
    expect(other).toContain('"path":"endpoints/digits/invocations"')
  })

  test('has a tab for each protocol that can carry the model, the first of them chosen', async () => {
    const rows = served('fraud')
    const tabs = (body: unknown): string[] => [...String(body).matchAll(/data-dialect="\d+"/g)].map(([tab]) => tab)
    const { body } = await get(planeOf([rows]), '/')
    expect(tabs(body)).toHaveLength(7)
    expect(String(body).match(/aria-selected="true"/g)).toHaveLength(1)
    const scalar = {
      inputs: [{ name: 'seed', datatype: 'INT64', shape: [] }],
      outputs: rows.signature.outputs,
    } as const
    const example = new Map([['seed', tensor('INT64', [], BigInt64Array.of(1n))]])
    expect(tabs((await get(planeOf([{ ...rows, signature: scalar, example }]), '/')).body)).toHaveLength(1)
    const image: TensorSpec = { name: 'X', datatype: 'FP64', shape: [-1, 2, 1] }
    const shown = (
      await get(planeOf([{ ...rows, signature: { inputs: [image], outputs: rows.signature.outputs } }]), '/')
    ).body
    expect(tabs(shown)).toHaveLength(6)
    expect(shown).not.toContain('"mediaType":"text/csv"')
  })

  test('an unknown model is answered with a page of its own, 404', async () => {
    const error = await get(planeOf([served('fraud')]), '/docs/{model}', { model: '<b>' }).catch((thrown) =>
      ServingError.from(thrown),
    )
    const { status, headers, body } = docsPage.failure(error as ServingError)
    expect(status).toBe(404)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(body).toContain('model &quot;&lt;b&gt;&quot; is unknown')
  })
})

describe('the form for an input', () => {
  const form = (spec: Omit<TensorSpec, 'name'>, example: Tensor) =>
    formOf({ name: 'X', ...spec }, new Map([['X', example]]))

  test('has a field per named column, filled in with the example', () => {
    const example = tensor('FP32', [1, 2], Float32Array.of(0.1, Number.NaN))
    expect(form({ datatype: 'FP32', shape: [-1, 2], columns: ['a', 'b'] }, example)).toEqual({
      kind: 'fields',
      fields: [
        { label: 'a', control: 'number', value: '0.1' },
        { label: 'b', control: 'number', value: '' },
      ],
    })
  })

  test.each<[string, TensorSpec['datatype'], Tensor, string]>([
    [
      'all digits of a 64-bit integer',
      'INT64',
      tensor('INT64', [1], BigInt64Array.of(2n ** 63n - 1n)),
      `${2n ** 63n - 1n}`,
    ],
    ['a truth value', 'BOOL', tensor('BOOL', [1], Uint8Array.of(1)), 'true'],
    ['text', 'BYTES', tensor('BYTES', [1], [Buffer.from('naïve')]), 'naïve'],
    ['a half as it holds it', 'FP16', tensor('FP16', [1], Uint16Array.of(0x2e66)), '0.0999755859375'],
    ['a bfloat as it holds it', 'BF16', tensor('BF16', [1], Uint16Array.of(0x3dcd)), '0.10009765625'],
    ['a bfloat by its value', 'BF16', tensor('BF16', [1], Uint16Array.of(0xbfc0)), '-1.5'],
    ['a double to the last bit', 'FP64', tensor('FP64', [1], Float64Array.of(0.1 + 0.2)), '0.30000000000000004'],
  ])('shows %s', (_what, datatype, example, value) => {
    expect(form({ datatype, shape: [-1] }, example)).toMatchObject({ fields: [{ label: 'X', value }] })
  })

  test('is nested JSON for other shapes, and left empty for an example too large for a page', () => {
    const small = form({ datatype: 'INT8', shape: [1, 2, 2] }, tensor('INT8', [1, 2, 2], Int8Array.of(1, 2, 3, 4)))
    expect(small.kind === 'json' && JSON.parse(small.text)).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
    ])
    const large = tensor('UINT8', [1, 100, 100], new Uint8Array(10_000))
    expect(form({ datatype: 'UINT8', shape: [-1, 100, 100] }, large)).toEqual({
      kind: 'json',
      text: '',
      isTooLarge: true,
    })
  })
})
