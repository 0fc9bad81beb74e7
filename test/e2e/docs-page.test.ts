/** The documentation page in a real browser: what it sends, what it shows, and that names from a model stay text. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ServingError } from '../../src/core/errors.ts'
import { createKey, digestOf } from '../../src/auth/api-key.ts'
import { createAuthorizer } from '../../src/auth/authorizer.ts'
import { allProtocols } from '../../src/protocols/index.ts'
import type { WireRequest } from '../../src/protocols/protocol.ts'
import { createRouter } from '../../src/protocols/router.ts'
import { createFitter } from '../../src/runtime/fit-request.ts'
import type { DataPlane, ServedModel } from '../../src/runtime/plane.ts'
import type { Signature } from '../../src/tensor/signature.ts'
import { tensor, type Tensor, type Tensors } from '../../src/tensor/tensor.ts'
import { findTool, needs } from '../support/needs.ts'
import { choicesOf } from '../../src/runtime/choices.fixture.ts'

const HOSTILE = `</script><img src=x onerror="window.wasRun=1">'`
const BROWSER_ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

function served(name: string, signature: Signature, example: readonly [string, Tensor][]): ServedModel {
  return {
    name,
    version: '0123456789abcdef'.repeat(4),
    signature,
    example: new Map(example),
    engines: ['onnxruntime'],
    batching: { rowsAreIndependent: true, reason: 'rows gave alone what they gave together' },
    labels: [],
    choices: choicesOf(),
    state: 'ready',
  }
}

const fraud = served(
  'fraud',
  {
    inputs: [{ name: 'X', datatype: 'FP64', shape: [-1, 3], columns: ['amount', HOSTILE, 'is_online'] }],
    outputs: [
      { name: 'predict', datatype: 'INT64', shape: [-1] },
      { name: 'predict_proba', datatype: 'FP64', shape: [-1, 2], columns: ['honest', HOSTILE] },
    ],
  },
  [['X', tensor('FP64', [1, 3], Float64Array.of(189.9, 12.5, 1))]],
)
const image = served(
  'image',
  {
    inputs: [
      { name: 'pixels', datatype: 'FP32', shape: [1, 2, 2] },
      { name: 'seed', datatype: 'INT64', shape: [] },
      { name: 'is_night', datatype: 'BOOL', shape: [-1] },
      { name: 'caption', datatype: 'BYTES', shape: [-1, 1] },
    ],
    outputs: [{ name: 'hash', datatype: 'INT64', shape: [1] }],
  },
  [
    ['pixels', tensor('FP32', [1, 2, 2], Float32Array.of(0.1, 0.2, 0.3, 0.4))],
    ['seed', tensor('INT64', [], BigInt64Array.of(2n ** 53n + 1n))],
    ['is_night', tensor('BOOL', [1], Uint8Array.of(1))],
    ['caption', tensor('BYTES', [1, 1], [Buffer.from(`it's "late"`)])],
  ],
)
const halves = served(
  'halves',
  {
    inputs: [{ name: 'x', datatype: 'FP16', shape: [-1, 2] }],
    outputs: [
      { name: 'half', datatype: 'FP16', shape: [-1, 7] },
      { name: 'count', datatype: 'INT64', shape: [-1] },
      { name: 'brain', datatype: 'BF16', shape: [-1, 2] },
    ],
  },
  [['x', tensor('FP16', [1, 2], Uint16Array.of(0x2e66, 0xc000))]],
)
/** A pipeline over a data frame, as scikit-learn's are compiled: an input for each column, and one that is never read. */
const frame = served(
  'frame',
  {
    inputs: [
      { name: 'zeal', datatype: 'FP64', shape: [-1, 1] },
      { name: 'id', datatype: 'BYTES', shape: [-1, 1], isUnused: true },
      { name: HOSTILE, datatype: 'BYTES', shape: [-1, 1] },
      { name: '__proto__', datatype: 'FP64', shape: [-1, 1] },
      ...Array.from({ length: 9 }, (_, i) => ({ name: `c ${i}`, datatype: 'FP64', shape: [-1, 1] }) as const),
    ],
    outputs: [{ name: 'predict', datatype: 'BYTES', shape: [-1] }],
  },
  [
    ['zeal', tensor('FP64', [1, 1], Float64Array.of(2.5))],
    [HOSTILE, tensor('BYTES', [1, 1], [Buffer.from(`it's "late"`)])],
    ['__proto__', tensor('FP64', [1, 1], Float64Array.of(7))],
    ...Array.from({ length: 9 }, (_, i): [string, Tensor] => [`c ${i}`, tensor('FP64', [1, 1], Float64Array.of(i))]),
  ],
)
const models = [fraud, image, halves, frame]

/** What the page posted, and what the model answers: tensors, or a failure. */
let posted: { path: string; body: string; authorization?: string | undefined; inputs?: Tensors }[] = []
let answer: Tensors | ServingError = new Map()
let serverTiming = ''

const plane: DataPlane = {
  isReady: () => true,
  models: () => models,
  model(name = 'fraud') {
    const found = models.find((model) => model.name === name)
    if (found === undefined) throw new ServingError('not_found', `model "${name}" is unknown`)
    return found
  },
  predict(model, given) {
    const { inputs } = createFitter(model.signature)(given, undefined)
    Object.assign(posted.at(-1) ?? {}, { inputs })
    return answer instanceof ServingError ? Promise.reject(answer) : Promise.resolve({ model, outputs: answer })
  },
}

/** The real routes and codecs, on the barest host. */
const protocols = allProtocols('0.0.0')
const open = createRouter({ protocols })
const key = createKey()
const guarded = createRouter({
  protocols,
  authorize: createAuthorizer([{ name: 'web', scopes: ['inference'], sha256: digestOf(key) }], {
    now: () => performance.now(),
    calendarNow: () => Date.now(),
  }).authorize,
})
let handle = open

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '/'
  const method = request.method ?? 'GET'
  const body = await buffer(request)
  const headers = request.headers as WireRequest['headers']
  if (method === 'POST') posted.push({ path, body: body.toString(), authorization: headers.authorization })
  const found = await handle({ method, path, query: '', headers, body }, plane, { aborted: false })
  const timing = serverTiming === '' ? {} : { 'server-timing': serverTiming }
  response.writeHead(found.status, { ...found.headers, ...timing }).end(found.body)
}

describe.skipIf(!needs('chromium'))('the documentation page in a browser', { timeout: 60_000 }, () => {
  let server: Server
  let browser: Browser
  let page: Page
  let origin = ''
  let asked: string[] = []
  let complaints: string[] = []

  beforeAll(async () => {
    server = createServer((request, response) => void respond(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await chromium.launch({ executablePath: findTool('chromium') ?? '', args: BROWSER_ARGUMENTS })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
  })

  beforeEach(async () => {
    handle = open
    posted = []
    answer = new Map()
    serverTiming = ''
    asked = []
    complaints = []
    page = await browser.newPage()
    page.setDefaultTimeout(15_000)
    page.on('request', (request) => asked.push(request.url()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        complaints.push(message.text())
    })
  })

  afterEach(async () => {
    // whatever a test did: no other host was asked, and nothing was blocked or thrown
    const others = asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:'))
    await page.close()
    expect(others).toEqual([])
    expect(complaints).toEqual([])
  })

  const textOf = (selector: string): Promise<string> => page.locator(selector).innerText()

  test('sends what the fields hold and shows the answer as bars beside the raw JSON', async () => {
    answer = new Map([
      ['predict', tensor('INT64', [1], BigInt64Array.of(1n))],
      ['predict_proba', tensor('FP64', [1, 2], Float64Array.of(0.25, 0.75))],
    ])
    await page.goto(`${origin}/`)
    expect(await page.getByLabel('amount').inputValue()).toBe('189.9')
    await page.getByLabel('amount').fill('64.50')
    await page.getByLabel('is_online').fill('0')
    expect(await textOf('#curl')).toContain('"data":[64.50,12.5,0]')
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('.bars').waitFor()
    expect(posted).toMatchObject([
      {
        path: '/v2/models/fraud/infer',
        body: '{"inputs":[{"name":"X","shape":[1,3],"datatype":"FP64","data":[64.50,12.5,0]}]}',
        inputs: new Map([['X', tensor('FP64', [1, 3], Float64Array.of(64.5, 12.5, 0))]]),
      },
    ])
    expect(await textOf('#summary')).toMatch(/^200 OK in [\d.]+ ms$/)
    expect(await page.locator('.bars li').allInnerTexts()).toEqual([
      expect.stringMatching(/^honest\s+25\.00 %$/),
      expect.stringContaining('75.00 %'),
    ])
    expect(
      await page.locator('.bars .fill').evaluateAll((bars) => bars.map((bar) => bar.getAttribute('style'))),
    ).toEqual(['width: 25%;', 'width: 75%;'])
    expect(JSON.parse(await textOf('#raw'))).toMatchObject({
      model_name: 'fraud',
      outputs: [{ data: [1] }, { name: 'predict_proba', shape: [1, 2], data: [0.25, 0.75] }],
    })
    await page.getByRole('button', { name: 'Reset' }).click()
    await page.locator('#curl', { hasText: '189.9' }).waitFor()
  })

  test('each tab sends the same values by another protocol, and shows its answer in the same way', async () => {
    const answers: Record<string, [path: string, body: string, raw: RegExp, python: string]> = {
      'Open Inference (V2)': ['/v2/models/fraud/infer', '"data":[64.50,12.5,1]', /"model_name"/, 'tritonclient'],
      'TF Serving, KServe V1': [
        '/v1/models/fraud:predict',
        '{"instances":[[64.50,12.5,1]]}',
        /"predictions"/,
        'kserve',
      ],
      SageMaker: ['/invocations', '{"instances":[[64.50,12.5,1]]}', /"predictions"/, 'invoke_endpoint'],
      'SageMaker (CSV)': ['/invocations', '64.50,12.5,1', /^1,0\.25,0\.75$/, 'text/csv'],
      MLflow: ['/invocations', '"data":[[64.50,12.5,1]]}}', /"predictions"/, 'get_deploy_client'],
      'Azure ML': ['/score', '{"input_data":{"columns":["amount",', /"predict_proba"/, 'requests.post'],
      'Vertex AI': [
        '/v1/projects/p/locations/l/endpoints/fraud:predict',
        '{"instances":[[64.50,12.5,1]]}',
        /"deployedModelId"/,
        'PredictionServiceClient',
      ],
    }
    answer = new Map([
      ['predict', tensor('INT64', [1], BigInt64Array.of(1n))],
      ['predict_proba', tensor('FP64', [1, 2], Float64Array.of(0.25, 0.75))],
    ])
    await page.goto(`${origin}/`)
    await page.getByLabel('amount').fill('64.50')
    expect(await page.getByRole('tab').allInnerTexts()).toEqual(Object.keys(answers))
    for (const [label, [path, body, raw, python]] of Object.entries(answers)) {
      posted = []
      await page.getByRole('tab', { name: label, exact: true }).click()
      expect(await page.getByRole('tab', { selected: true }).allInnerTexts()).toEqual([label])
      expect(await page.getByRole('tabpanel').getAttribute('aria-labelledby')).toMatch(/^tab-/)
      expect(await page.locator('#raw').isVisible()).toBe(false)
      expect(await textOf('#python')).toContain(python)
      expect(await textOf('#curl')).toContain(`${origin}${path}`)
      await page.getByRole('button', { name: 'Predict' }).click()
      await page.locator('#raw').waitFor()
      expect(await textOf('#summary'), label).toMatch(/^200 OK/)
      expect(posted.map((each) => each.path)).toEqual([path])
      expect(posted[0]?.body).toContain(body)
      expect(await textOf('#curl')).toContain(posted[0]?.body.replaceAll("'", String.raw`'\''`))
      expect((await textOf('#raw')).trim()).toMatch(raw)
      if (label === 'SageMaker (CSV)') continue
      expect(await page.locator('.bars li').allInnerTexts()).toEqual([
        expect.stringMatching(/^honest\s+25\.00 %$/),
        expect.stringContaining('75.00 %'),
      ])
      expect(await textOf('.value')).toBe('1')
    }
  })

  test('arrow keys walk the tabs in a ring, and one of them alone is in the order of Tab', async () => {
    await page.goto(`${origin}/`)
    await page.getByRole('tab', { name: 'Open Inference (V2)' }).focus()
    await page.keyboard.press('ArrowLeft')
    expect(await page.getByRole('tab', { selected: true }).innerText()).toBe('Vertex AI')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    expect(await page.getByRole('tab', { selected: true }).innerText()).toBe('TF Serving, KServe V1')
    expect(await page.locator('[role=tab][tabindex="0"]').allInnerTexts()).toEqual(['TF Serving, KServe V1'])
    await page.keyboard.press('End')
    expect(await page.evaluate('document.activeElement.innerText')).toBe('Vertex AI')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.labels[0].innerText')).toBe('amount')
  })

  test('where the server says how long it took, that is shown', async () => {
    answer = new Map([['predict', tensor('INT64', [1], BigInt64Array.of(1n))]])
    serverTiming = 'queue;dur=0.12;desc="tick", model;dur=0.03, batch;desc="8 rows", total;dur=0.4'
    await page.goto(`${origin}/`)
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('#raw').waitFor()
    expect(await textOf('#timing')).toBe('In the server: queue 0.12 ms, model 0.03 ms, batch 8 rows, total 0.4 ms')
    const link = page.getByRole('link', { name: 'OpenAPI of this model' })
    const document = await page.request.get(new URL((await link.getAttribute('href')) ?? '', page.url()).href)
    expect(await document.json()).toMatchObject({ openapi: '3.1.0', info: { title: 'fraud' } })
  })

  test('a hostile column name stays text in labels, in bars and in the answer', async () => {
    answer = new Map([
      [HOSTILE, tensor('BYTES', [1], [Buffer.from(HOSTILE)])],
      ['predict_proba', tensor('FP64', [1, 2], Float64Array.of(0, 1))],
    ])
    await page.goto(`${origin}/`)
    expect(await page.getByLabel(HOSTILE, { exact: true }).inputValue()).toBe('12.5')
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('.bars').waitFor()
    expect(await textOf('.value')).toBe(HOSTILE)
    expect(await textOf('.bars .top')).toContain(HOSTILE)
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.evaluate('window.wasRun')).toBeUndefined()
  })

  test('inputs of every kind go out exactly: nested lists, 64-bit integers, truth values, text', async () => {
    answer = new Map([['hash', tensor('INT64', [1], BigInt64Array.of(2n ** 63n - 1n))]])
    await page.goto(`${origin}/docs/image`)
    await page.getByLabel('pixels').fill('[[[1, 2], [3, 4]]]')
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('.value').waitFor()
    expect(posted.map(({ path }) => path)).toEqual(['/v2/models/image/infer'])
    expect(posted[0]?.inputs).toEqual(
      new Map([
        ['pixels', tensor('FP32', [1, 2, 2], Float32Array.of(1, 2, 3, 4))],
        ['seed', tensor('INT64', [], BigInt64Array.of(2n ** 53n + 1n))],
        ['is_night', tensor('BOOL', [1], Uint8Array.of(1))],
        ['caption', tensor('BYTES', [1, 1], [Buffer.from(`it's "late"`)])],
      ]),
    )
    expect(await textOf('.value')).toBe('9223372036854775807')
    expect(await textOf('#curl')).toContain(String.raw`it'\''s \"late\"`)
  })

  test('columns of a data frame are one row of fields, each named once, and go out as the same row in every tab', async () => {
    answer = new Map([['predict', tensor('BYTES', [1], [Buffer.from('stays')])]])
    await page.goto(`${origin}/docs/frame`)
    const names = ['zeal', HOSTILE, '__proto__', ...Array.from({ length: 9 }, (_, i) => `c ${i}`)]
    expect(await page.locator('#form label').allInnerTexts()).toEqual([...names, 'API key'])
    expect(await page.locator('#form legend').allInnerTexts()).toEqual(['A row of 12 columns [−1, 1] each'])
    expect(await page.locator('.names li').first().innerText()).toBe('zeal FP64')
    await page.getByLabel('c 3', { exact: true }).fill('')
    expect(await page.getByLabel('c 3', { exact: true }).getAttribute('placeholder')).toBe('missing')
    expect((await textOf('#curl')).split('\n').filter((line) => line.includes('"name"'))).toHaveLength(12)
    for (const tab of await page.getByRole('tab').all()) {
      posted = []
      await tab.click()
      await page.getByRole('button', { name: 'Predict' }).click()
      await page.locator('#raw').waitFor()
      expect(await textOf('#summary'), await tab.innerText()).toMatch(/^200 OK/)
      const body = posted[0]?.body ?? ''
      const inputs = posted[0]?.inputs
      expect([...(inputs?.keys() ?? [])].toSorted()).toEqual(names.toSorted())
      expect(inputs?.get(HOSTILE)?.data).toEqual([Buffer.from(`it's "late"`)])
      expect(inputs?.get('__proto__')?.data).toEqual(Float64Array.of(7))
      expect(inputs?.get('c 3')?.data).toEqual(Float64Array.of(Number.NaN))
      if (body.startsWith('{"instances"')) expect(body).toContain('"__proto__":7,"c 0":0')
      if (!body.startsWith('{')) expect(body).toMatch(/^zeal,"[^]*,__proto__,c 0,c 1.*\n2\.5,/)
    }
  })

  test('half floats go out as they are held, and come back as bytes that are shown', async () => {
    answer = new Map<string, Tensor>([
      ['half', tensor('FP16', [1, 7], Uint16Array.of(0x2e66, 0xc000, 0x7c00, 0xfc00, 0x7e00, 0x0001, 0x03ff))],
      ['count', tensor('INT64', [1], BigInt64Array.of(7n))],
      ['brain', tensor('BF16', [1, 2], Uint16Array.of(0x3dcd, 0xbfc0))],
    ])
    await page.goto(`${origin}/docs/halves`)
    expect(await page.getByLabel('x').inputValue()).toContain('0.0999755859375')
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('.value').waitFor()
    expect(await textOf('#summary')).toMatch(/^200 OK/)
    expect(posted[0]?.inputs).toEqual(new Map([['x', tensor('FP16', [1, 2], Uint16Array.of(0x2e66, 0xc000))]]))
    expect(await page.locator('.output td').allInnerTexts()).toEqual(
      [0.0999755859375, -2, Infinity, -Infinity, NaN, 2 ** -24, 1023 * 2 ** -24, 0.10009765625, -1.5].map(String),
    )
    expect(await page.locator('.output').first().locator('th').allInnerTexts()).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
    ])
    expect(await textOf('.value')).toBe('7')
    expect(await textOf('#raw')).toContain('and 18 bytes')
    expect(await textOf('#curl')).toContain('--output answer.bin')
    expect(await textOf('#python')).toContain('"FP16"')
  })

  test('lists of the wrong shape are not sent; the field says why', async () => {
    await page.goto(`${origin}/docs/image`)
    await page.getByLabel('pixels').fill('[[[1, 2, 3], [4, 5, 6]]]')
    await page.getByRole('button', { name: 'Predict' }).click()
    const reason = await page
      .getByLabel('pixels')
      .evaluate((area: { validationMessage?: string }) => area.validationMessage)
    expect(reason).toBe('The shape is [1, 2, 3]; the model takes [1, 2, 2].')
    expect(posted).toEqual([])
  })

  test('a number that is missing is not sent', async () => {
    await page.goto(`${origin}/`)
    await page.getByLabel('amount').fill('')
    await page.getByRole('button', { name: 'Predict' }).click()
    expect(await page.locator('input:invalid').count()).toBe(1)
    expect(posted).toEqual([])
  })

  test('a refusal shows its status and its message', async () => {
    answer = new ServingError('overloaded', '8 rows are waiting, the most is 8')
    await page.goto(`${origin}/`)
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('#summary.failed').waitFor()
    expect(await textOf('#summary')).toMatch(/^429 Too Many Requests in [\d.]+ ms: 8 rows are waiting, the most is 8$/)
    expect(await page.locator('#result').innerText()).toBe('')
  })

  test('where keys are wanted it asks for one, sends it, and keeps it nowhere but in the page', async () => {
    handle = guarded
    answer = new Map([['predict', tensor('INT64', [1], BigInt64Array.of(1n))]])
    expect((await page.goto(`${origin}/docs/fraud`))?.status()).toBe(401)
    await page.getByLabel('API key').fill(createKey())
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.locator('#gate-summary', { hasText: 'The server does not know this key.' }).waitFor()
    await page.getByLabel('API key').fill('schlüssel')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.locator('#gate-summary', { hasText: 'A key has letters' }).waitFor()
    await page.getByLabel('API key').fill(` ${key} `)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('.value').waitFor()
    expect(posted).toMatchObject([{ path: '/v2/models/fraud/infer', authorization: `Bearer ${key}` }])
    expect(await textOf('#curl')).toContain('-H "authorization: Bearer $SLIPWAY_KEY"')
    expect(await page.content()).not.toContain(key)
    await page.getByRole('button', { name: 'Reset' }).click()
    await page.getByRole('button', { name: 'Predict' }).click()
    while (posted.length < 2) await page.waitForTimeout(10)
    expect(posted[1]?.authorization).toBe(`Bearer ${key}`)
    const kept = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, Object.keys(window)])'
    expect(await page.evaluate(kept)).toMatch(/^\[\{\},\{\},""/)
    expect(await page.evaluate(kept)).not.toMatch(/slipwayKey|slw_/)
    expect(asked.filter((url) => url.includes('slw_'))).toEqual([])
    expect((await page.reload())?.status()).toBe(401)
  })

  test('where keys are wanted the front page asks for one too, although probes have theirs without', async () => {
    handle = guarded
    expect((await page.goto(`${origin}/`))?.status()).toBe(401)
    await page.getByLabel('API key').fill(createKey())
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.locator('#gate-summary', { hasText: 'The server does not know this key.' }).waitFor()
    await page.getByLabel('API key').fill(key)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('button', { name: 'Predict' }).waitFor()
    expect(await textOf('h1')).toBe('fraud')
  })

  test('a key that is wanted later, or no longer known, is asked for beside the form', async () => {
    answer = new Map([['predict', tensor('INT64', [1], BigInt64Array.of(1n))]])
    await page.goto(`${origin}/`)
    expect(await page.getByLabel('API key').isVisible()).toBe(false)
    expect(await textOf('#curl')).not.toContain('authorization')
    handle = guarded
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('#summary.failed', { hasText: '401' }).waitFor()
    await page.getByLabel('API key').fill(key)
    await page.getByLabel('API key').press('Enter')
    await page.locator('.value').waitFor()
    expect(posted.map(({ authorization }) => authorization)).toEqual([undefined, `Bearer ${key}`])
  })

  test('an unknown model has a page that leads back', async () => {
    const response = await page.goto(`${origin}/docs/nothing`)
    expect(response?.status()).toBe(404)
    await page.getByRole('link').click()
    expect(await textOf('h1')).toBe('fraud')
  })

  test('nothing is wider than a phone, and every control has a name', async () => {
    await page.setViewportSize({ width: 360, height: 800 })
    for (const path of ['/', '/docs/image', '/docs/frame']) {
      await page.goto(origin + path)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
      const unnamed =
        "[...document.querySelectorAll('input, select, textarea')].filter((control) => !control.labels.length).length"
      expect(await page.evaluate(unnamed)).toBe(0)
    }
  })
})
