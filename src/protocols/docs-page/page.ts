import { createHash } from 'node:crypto'
import type { ServedModel } from '../../runtime/plane.ts'
import type { Shape } from '../../tensor/shape.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import { formOf, type InputForm } from './example.ts'
import { GATE_SCRIPT } from './gate-script.ts'
import { html, Html, jsonText } from './html.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

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
  readonly path: string
  /** Whether `/invocations` reaches this model and its one input is a row of a table. */
  readonly takesCsv: boolean
  readonly inputs: readonly { name: string; datatype: string; shape: readonly number[]; kind: InputForm['kind'] }[]
  readonly outputColumns: Readonly<Record<string, readonly string[]>>
}

/**
 * The page of one model.
 * @param names every model that is served, for the links between their pages
 * @param root what stands before the server's paths, relative to the page's own: links survive a proxy's prefix
 * @param isDefault whether `/invocations` reaches this model
 */
export function modelPage(model: ServedModel, names: readonly string[], root: string, isDefault: boolean): Html {
  const { inputs, outputs } = model.signature
  const forms = inputs.map((spec) => formOf(spec, model.example))
  const data: PageData = {
    root,
    path: `v2/models/${encodeURIComponent(model.name)}/infer`,
    takesCsv: isDefault && inputs.length === 1 && inputs[0]?.shape.length === 2 && forms[0]?.kind === 'fields',
    inputs: inputs.map(({ name, datatype, shape }, i) => ({ name, datatype, shape, kind: forms[i]?.kind ?? 'json' })),
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
        <div class="columns">
          <section aria-labelledby="try">
            <h2 id="try">Try it</h2>
            ${tryForm(inputs, forms)}
          </section>
          <section aria-labelledby="answer" class="answer">
            <h2 id="answer">Answer</h2>
            <p id="summary" role="status">Press Predict to send the values to the model.</p>
            <div id="result"></div>
            <div id="raw-part" hidden>
              <h3 id="raw-title">As it came</h3>
              <pre id="raw" tabindex="0" aria-labelledby="raw-title"></pre>
            </div>
          </section>
        </div>
        <section aria-labelledby="call">
          <h2 id="call">Call it</h2>
          <noscript>
            <p>The request that stands here is put together by a script, which this browser does not run.</p>
          </noscript>
          ${curlBlock('curl', 'The same request from a terminal (Open Inference Protocol)')}
          ${data.takesCsv ? curlBlock('csv', 'One row of CSV') : undefined}
        </section>
        <section aria-labelledby="signature">
          <h2 id="signature">Signature</h2>
          ${signatureTable('Inputs', inputs)} ${signatureTable('Outputs', outputs)}
          <p class="note">−1 marks a dimension of any size; the first one counts rows.</p>
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

function keyControl(id: string, attributes: Html): Html {
  return html`<input id="${id}" type="password" autocomplete="off" spellcheck="false" maxlength="512" ${attributes} />`
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

function tryForm(inputs: readonly TensorSpec[], forms: readonly InputForm[]): Html {
  const parts = inputs.map((spec, i) => {
    const form = forms[i]
    return form === undefined ? html`` : inputPart(spec, form, i)
  })
  return html`<form id="form" autocomplete="off">
    ${parts}
    <div class="input" id="key-part" hidden>
      <label for="key">API key</label>
      ${keyControl('key', html`aria-describedby="key-hint"`)}
      <p class="note" id="key-hint">It stays in this tab's memory, and is gone when you leave the page.</p>
    </div>
    <div class="actions">
      <button type="submit" class="primary">Predict</button>
      <button type="reset">Reset</button>
    </div>
  </form>`
}

function inputPart(spec: TensorSpec, form: InputForm, index: number): Html {
  const kind = html`<span class="kind">${spec.datatype} ${shapeText(spec.shape)}</span>`
  if (form.kind === 'json')
    return html`<div class="input">
      <label for="input-${index}"><bdi>${spec.name}</bdi> ${kind}</label>
      <textarea id="input-${index}" rows="8" spellcheck="false" required aria-describedby="hint-${index}">
${form.text}</textarea>
      <p class="note" id="hint-${index}">
        ${
          form.isTooLarge
            ? 'Nested lists of JSON, outermost dimension first. The example is too large to stand here.'
            : 'Nested lists of JSON, outermost dimension first.'
        }
      </p>
    </div>`
  const fields = form.fields.map(({ label, control, value }, at) => {
    const id = `input-${index}-${at}`
    return html`<div class="field">
      <label for="${id}">${breakable(label)}</label>
      ${controlHtml(id, control, value, index)}
    </div>`
  })
  return html`<fieldset class="input">
    <legend><bdi>${spec.name}</bdi> ${kind}</legend>
    <div class="fields">${fields}</div>
  </fieldset>`
}

function controlHtml(id: string, control: string, value: string, index: number): Html {
  const shared = html`id="${id}" data-input="${index}" data-control="${control}"`
  if (control === 'boolean')
    return html`<select ${shared}>
      <option value="false">false</option>
      <option value="true" ${value === 'true' ? html`selected` : undefined}>true</option>
    </select>`
  if (control === 'text') return html`<input ${shared} type="text" value="${value}" spellcheck="false" />`
  if (control === 'whole') return html`<input ${shared} type="number" step="1" required value="${value}" />`
  return html`<input ${shared} type="number" step="any" required value="${value}" />`
}

function curlBlock(id: string, title: string): Html {
  return html`<div class="block">
    <div class="block-title">
      <h3 id="${id}-title">${title}</h3>
      <button type="button" class="copy" data-copies="${id}" aria-describedby="${id}-title">Copy</button>
    </div>
    <pre id="${id}" tabindex="0" aria-labelledby="${id}-title"></pre>
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
      <ol class="names" start="0">
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

/** A name that keeps its own direction and breaks after underscores before it breaks elsewhere. */
function breakable(name: string): Html {
  return html`<bdi>${name.split(/(?<=_)/).map((part, i) => (i === 0 ? html`${part}` : html`<wbr />${part}`))}</bdi>`
}

function shapeText(shape: Shape): string {
  return `[${shape.join(', ').replaceAll('-', '−')}]`
}

function jsonElement(data: PageData): Html {
  return new Html(`<script type="application/json" id="page-data">${jsonText(data)}</script>`)
}

function hashOf(inline: string): string {
  return `'sha256-${createHash('sha256').update(inline).digest('base64')}'`
}
