import { createHash } from 'node:crypto'
import type { ServedModel } from '../../runtime/plane.ts'
import { selectOutputs, type TensorSpec } from '../../tensor/signature.ts'
import { hasCsvHeader, tableOf } from '../row-layouts.ts'
import { dialectsOf, type Dialect } from './dialects.ts'
import { formOf, type InputForm } from './example.ts'
import { GATE_SCRIPT } from './gate-script.ts'
import { html, Html, jsonText } from './html.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'
import { breakable, keyControl, shapeText, tryForm } from './try-form.ts'

const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0a6570"/>' +
    '<path d="M6 22h20M9 17l14-7" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>',
)}`

/** Only this page's own style and script, by their hashes; requests only to the server that sent the page. */
export const SECURITY_POLICY = [
  "default-src 'none'",
  `script-src ${hashOf(SCRIPT)} ${hashOf(GATE_SCRIPT)}`,
  `style-src ${hashOf(STYLE)}`,
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

// whole elements, put together outside templates: a formatter's space inside them would change their hashes
const GATE_ELEMENT = new Html(`<script>${GATE_SCRIPT}</script>`)
const SCRIPT_ELEMENT = new Html(`<script>${SCRIPT}</script>`)
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`)

/** What the script reads from the page. */
interface PageData {
  readonly root: string
  readonly model: string
  readonly dialects: readonly Dialect[]
  /** Names of a table's columns; absent where rows may be of any width. */
  readonly columns?: readonly string[]
  /** CSV names its columns. */
  readonly csvHeader?: boolean
  readonly inputs: readonly { name: string; datatype: string; shape: readonly number[]; kind: InputForm['kind'] }[]
  readonly outputs: readonly { name: string; datatype: string; isUnasked: boolean }[]
  readonly outputColumns: Readonly<Record<string, readonly string[]>>
}

/**
 * The page of one model.
 * @param names every model that is served, for the links between their pages
 * @param root what stands before the server's paths, relative to the page's own: links survive a proxy's prefix
 * @param isDefault whether the paths that name no model reach this one
 */
export function modelPage(model: ServedModel, names: readonly string[], root: string, isDefault: boolean): Html {
  const { outputs } = model.signature
  const inputs = model.signature.inputs.filter(({ isUnused }) => isUnused !== true)
  const unasked = selectOutputs(undefined, model.signature)
  const forms = inputs.map((spec) => formOf(spec, model.example))
  const data: PageData = {
    root,
    model: model.name,
    dialects: dialectsOf(model, isDefault),
    ...columnsOf(model),
    inputs: inputs.map(({ name, datatype, shape }, i) => ({ name, datatype, shape, kind: forms[i]?.kind ?? 'json' })),
    outputs: outputs.map(({ name, datatype }) => ({ name, datatype, isUnasked: unasked.includes(name) })),
    outputColumns: Object.fromEntries(outputs.flatMap(({ name, columns }) => (columns ? [[name, columns]] : []))),
  }
  return documentOf(
    model.name,
    html`<header>
        ${names.length > 1 ? modelLinks(names, root, model.name) : undefined}
        <h1><bdi>${model.name}</bdi></h1>
        ${facts(model)}
      </header>
      <main>
        ${tabList(data.dialects)}
        <div id="panel" role="tabpanel" aria-labelledby="tab-v2">
          <div class="columns">
            <section aria-labelledby="try">
              <h2 id="try">Try it</h2>
              ${tryForm(inputs, forms, outputs, unasked)}
            </section>
            <section aria-labelledby="answer" class="answer">
              <div class="in-sight">
                <h2 id="answer">Answer</h2>
                <p id="summary" role="status">Press Predict to send the values to the model.</p>
                <div id="result"></div>
                <div id="raw-part" hidden>
                  <h3 id="raw-title">As it came</h3>
                  <pre id="raw" tabindex="0" aria-labelledby="raw-title"></pre>
                  <p id="timing" class="note"></p>
                </div>
              </div>
            </section>
          </div>
          <section aria-labelledby="call">
            <h2 id="call">Call it</h2>
            <noscript>
              <p>The request that stands here is put together by a script, which this browser does not run.</p>
            </noscript>
            ${codeBlock('curl', html`The same request from a terminal`)}
            ${codeBlock('python', html`From Python, with <span id="client">tritonclient</span>`)}
          </section>
        </div>
        <section aria-labelledby="signature">
          <h2 id="signature">Signature</h2>
          ${inputsPart(inputs)} ${signatureTable('Outputs', outputs)}
          <p class="note">−1 marks a dimension of any size; the first one counts rows.</p>
          ${notes(model, unasked)}
          <p class="note">
            For programs:
            <a href="${root}v2/models/${encodeURIComponent(model.name)}/openapi.json">OpenAPI of this model</a>,
            <a href="${root}openapi.json">OpenAPI of the server</a>
          </p>
        </section>
      </main>
      ${jsonElement(data)} ${SCRIPT_ELEMENT}`,
  )
}

/** Links to every model's page, for a server without a default model. */
export function listPage(models: readonly ServedModel[]): Html {
  const items = models.map(
    (model) =>
      html`<li>
        <a href="docs/${encodeURIComponent(model.name)}"><bdi>${model.name}</bdi></a>
        <span class="note">${model.signature.inputs.length} in, ${model.signature.outputs.length} out</span>
      </li>`,
  )
  return documentOf(
    'Models',
    html`<header><h1>Models</h1></header>
      <main>
        ${
          items.length === 0
            ? html`<p>This server has no model loaded.</p>`
            : html`<ul class="models">
                ${items}
              </ul>`
        }
      </main>`,
  )
}

/**
 * Asks for the key that a page needs, and then shows that page: a browser by itself sends none.
 * @param message for people; a `ServingError`'s
 */
export function keyPage(message: string): Html {
  return documentOf(
    'API key',
    html`<header><h1>This page needs a key</h1></header>
      <main>
        <p>${message}</p>
        <form id="gate" autocomplete="off">
          <div class="input">
            <label for="gate-key">API key</label>
            ${keyControl('gate-key', html`required`)}
            <p class="note">It stays in this tab's memory, and is gone when you leave the page.</p>
          </div>
          <div class="actions"><button type="submit" class="primary">Continue</button></div>
          <p id="gate-summary" class="failed" role="status"></p>
        </form>
        <noscript><p>Sending the key takes a script, which this browser does not run.</p></noscript>
      </main>
      ${GATE_ELEMENT}`,
  )
}

/** @param message for people; a `ServingError`'s */
export function failurePage(status: number, message: string): Html {
  return documentOf(
    `${status}`,
    html`<header><h1>${status === 404 ? 'Not found' : 'This did not work'}</h1></header>
      <main>
        <p>${message}</p>
        <p><a href="/">All that this server offers</a></p>
      </main>`,
  )
}

function documentOf(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Slipway</title>
        <link rel="icon" href="${ICON}" />
        ${STYLE_ELEMENT}
      </head>
      <body>
        ${body}
      </body>
    </html> `
}

function modelLinks(names: readonly string[], root: string, current: string): Html {
  const links = names.map(
    (name) =>
      html`<li>
        <a href="${root}docs/${encodeURIComponent(name)}" ${name === current ? html`aria-current="page"` : undefined}
          ><bdi>${name}</bdi></a
        >
      </li>`,
  )
  return html`<nav aria-label="Models">
    <ul>
      ${links}
    </ul>
  </nav>`
}

function facts(model: ServedModel): Html {
  const { rowsAreIndependent, reason } = model.batching
  return html`<dl class="facts">
    <div>
      <dt>State</dt>
      <dd><span class="state ${model.state}"></span>${model.state}</dd>
    </div>
    <div>
      <dt>Runs on</dt>
      <dd><bdi>${model.engines.join(', ')}</bdi>: <bdi>${model.choices.engines.reason}</bdi></dd>
    </div>
    <div>
      <dt>Batching</dt>
      <dd>${rowsAreIndependent ? 'on' : 'off'}: <bdi>${reason}</bdi></dd>
    </div>
    <div>
      <dt>Plan</dt>
      <dd>${model.choices.plan.value}: <bdi>${model.choices.plan.reason}</bdi></dd>
    </div>
    <div>
      <dt>Most rows in a run</dt>
      <dd>${String(model.choices.maxBatchRows.value)}: <bdi>${model.choices.maxBatchRows.reason}</bdi></dd>
    </div>
    <div class="wide">
      <dt>Version</dt>
      <dd>
        <code>${model.version}</code>${model.labels.length === 0 ? '' : html` (<bdi>${model.labels.join(', ')}</bdi>)`}
      </dd>
    </div>
  </dl>`
}

function columnsOf({ signature }: ServedModel): Pick<PageData, 'columns' | 'csvHeader'> {
  const table = tableOf(signature)
  if (table === undefined || table.isWidthFree) return {}
  return { columns: table.columns.map(({ name }) => name), csvHeader: hasCsvHeader(table) }
}

/** A tab for each protocol; they share one panel, which the script fills anew. */
function tabList(dialects: readonly Dialect[]): Html {
  const tabs = dialects.map(
    ({ id, label }, i) =>
      html`<button
        type="button"
        role="tab"
        id="tab-${id}"
        data-dialect="${i}"
        aria-controls="panel"
        aria-selected="${i === 0 ? 'true' : 'false'}"
        tabindex="${i === 0 ? 0 : -1}"
      >
        ${label}
      </button>`,
  )
  return html`<div class="tabs" role="tablist" aria-label="Protocol">${tabs}</div>`
}

function codeBlock(id: string, title: Html): Html {
  return html`<div class="block">
    <div class="block-title">
      <h3 id="${id}-title">${title}</h3>
      <button type="button" class="copy" data-copies="${id}" aria-describedby="${id}-title">Copy</button>
    </div>
    <pre id="${id}" tabindex="0" aria-labelledby="${id}-title"></pre>
  </div>`
}

/** Most inputs that stand in a table, a line each. */
const MOST_LINES = 8

/** The inputs that the model reads: in a table, or, where many differ in name and datatype alone, in a list of several columns. */
function inputsPart(inputs: readonly TensorSpec[]): Html {
  const shapes = new Set(inputs.map(({ shape }) => shapeText(shape)))
  const isPlain = inputs.every(({ columns }) => columns === undefined)
  if (inputs.length <= MOST_LINES || shapes.size > 1 || !isPlain) return signatureTable('Inputs', inputs)
  const items = inputs.map(
    ({ name, datatype }) => html`<li>${breakable(name)} <span class="kind">${datatype}</span></li>`,
  )
  return html`<div class="specs">
    <h3>${inputs.length} inputs, each ${[...shapes].join('')}</h3>
    <ol class="names">
      ${items}
    </ol>
  </div>`
}

function signatureTable(title: string, specs: readonly TensorSpec[]): Html {
  const rows = specs.map(
    ({ name, datatype, shape }) =>
      html`<tr>
        <th scope="row">${breakable(name)}</th>
        <td>${datatype}</td>
        <td>${shapeText(shape)}</td>
      </tr>`,
  )
  const lists = specs.map(({ name, columns }) => {
    if (columns === undefined) return html``
    return html`<h3>Columns of <bdi>${name}</bdi></h3>
      <ol class="names">
        ${columns.map((column) => html`<li>${breakable(column)}</li>`)}
      </ol>`
  })
  return html`<div class="specs">
    <table>
      <caption>
        ${title}
      </caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Datatype</th>
          <th scope="col">Shape</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
    ${lists}
  </div>`
}

/** What the tables of a signature do not say. */
function notes({ signature }: ServedModel, unasked: readonly string[]): Html {
  const unused = signature.inputs.filter(({ isUnused }) => isUnused === true).map(({ name }) => name)
  const hasJson = signature.inputs.some(({ isJson }) => isJson === true)
  return html`${
    unused.length === 0
      ? undefined
      : html`<p class="note">Never read, may be left out, and may hold anything: <bdi>${unused.join(', ')}</bdi></p>`
  }${hasJson ? html`<p class="note">Texts are JSON: an object or a list for each row.</p>` : undefined}${
    unasked.length === signature.outputs.length
      ? undefined
      : html`<p class="note">Answered to a request that names no outputs: <bdi>${unasked.join(', ')}</bdi></p>`
  }`
}

function jsonElement(data: PageData): Html {
  return new Html(`<script type="application/json" id="page-data">${jsonText(data)}</script>`)
}

function hashOf(inline: string): string {
  return `'sha256-${createHash('sha256').update(inline).digest('base64')}'`
}
