import { DIALECT_SCRIPT } from './dialect-script.ts'

/**
 * What a model's page does in the browser: puts the request together, sends it, shows the answer.
 * Text from the model or the server only ever becomes `textContent`. Numbers are sent with the digits that were typed.
 */
export const SCRIPT = `
'use strict'
${DIALECT_SCRIPT}${mainScript()}`

function mainScript(): string {
  return String.raw`
const page = JSON.parse(document.getElementById('page-data').textContent)
const form = document.getElementById('form')
const summary = document.getElementById('summary')
const result = document.getElementById('result')
const keyPart = document.getElementById('key-part')
const keyField = document.getElementById('key')
const tabs = [...document.querySelectorAll('[role=tab]')]
const MOST_VALUES = 200
const MOST_BARS = 24

function element(tag, className, ...content) {
  const made = document.createElement(tag)
  if (className) made.className = className
  made.append(...content)
  return made
}

// The key, where the server wants one: it came with this page, or is asked for. It is stored nowhere.

let key = ''

function useKey(text) {
  key = text.trim()
  keyField.setCustomValidity(/^[\x21-\x7e]*$/.test(key) ? '' : 'A key has letters, digits, "_" and "-" only.')
}

function needsKey() {
  return !keyPart.hidden
}

function askForKey() {
  keyPart.hidden = false
}

function headersFor(mediaType) {
  return { 'content-type': mediaType, ...(key === '' ? {} : { authorization: 'Bearer ' + key }) }
}

// The protocol

let dialect = page.dialects[0]

function rootUrl() {
  return new URL(page.root, document.baseURI).href.replace(/\/$/, '')
}

function urlOf() {
  const url = new URL(page.root + dialect.path, document.baseURI)
  const names = askedNames()
  if (names && dialect.body === 'csv') url.search = 'outputs=' + names.map(encodeURIComponent).join(',')
  return url
}

function choose(tab) {
  if (isSending) return
  dialect = page.dialects[tab.dataset.dialect]
  for (const each of tabs) {
    each.setAttribute('aria-selected', String(each === tab))
    each.tabIndex = each === tab ? 0 : -1
  }
  document.getElementById('panel').setAttribute('aria-labelledby', tab.id)
  document.getElementById('client').textContent = dialect.client
  clearAnswer()
  refresh()
}

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

/** Arrow keys walk the tabs in a ring, Home and End go to the ends. @see WAI-ARIA Authoring Practices, "Tabs" */
function walkTabs(event) {
  const at = tabs.indexOf(event.target)
  let next = at + (STEPS[event.key] || 0)
  if (event.key === 'Home') next = 0
  else if (event.key === 'End') next = tabs.length - 1
  else if (next === at) return
  event.preventDefault()
  const tab = tabs[(next + tabs.length) % tabs.length]
  choose(tab)
  tab.focus()
}

// The request

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/

function literalOf(control) {
  const text = control.value
  if (control.dataset.control === 'text') return JSON.stringify(text)
  if (control.dataset.control === 'boolean') return text
  if (text === '') return 'null'
  return JSON_NUMBER.test(text) ? text : String(Number(text))
}

const fields = Map.groupBy([...form.elements], (control) => control.dataset.input)

function fieldsOf(index) {
  return fields.get(String(index)) || []
}

function shapeOf(nested) {
  const shape = []
  for (let level = nested; Array.isArray(level); level = level[0]) shape.push(level.length)
  return shape
}

function isRegular(nested, shape, axis) {
  if (axis === shape.length) return !Array.isArray(nested) && (typeof nested !== 'object' || nested === null)
  return Array.isArray(nested) && nested.length === shape[axis] && nested.every((part) => isRegular(part, shape, axis + 1))
}

/** What is wrong with a text area's text; '' when nothing is. */
function problemOf(text, input) {
  let nested
  try {
    nested = JSON.parse(text)
  } catch (error) {
    return 'This is no JSON: ' + error.message
  }
  const shape = shapeOf(nested)
  if (!isRegular(nested, shape, 0)) return 'Lists of one level must all be of one length, and hold numbers, texts or booleans.'
  const fits = shape.length === input.shape.length && shape.every((size, axis) => input.shape[axis] === -1 || input.shape[axis] === size)
  return fits ? '' : 'The shape is [' + shape.join(', ') + ']; the model takes [' + input.shape.join(', ') + '].'
}

function isHalf(datatype) {
  return datatype === 'FP16' || datatype === 'BF16'
}

function isChecked(output, index) {
  const box = document.getElementById('output-' + index)
  return box ? box.checked : output.isUnasked
}

/** Names of the outputs that are asked for; undefined for those that come unasked. */
function askedNames() {
  const chosen = page.outputs.filter(isChecked)
  if (chosen.length === 0 || page.outputs.every((output, i) => isChecked(output, i) === output.isUnasked)) return undefined
  return chosen.map(({ name }) => name)
}

/** The outputs that are answered. */
function answeredOutputs() {
  const names = askedNames()
  return page.outputs.filter(({ name, isUnasked }) => (names ? names.includes(name) : isUnasked))
}

function hasHalfOutputs() {
  return answeredOutputs().some(({ datatype }) => isHalf(datatype))
}

/** Where an output is a half float, which has no form in JSON: it is to come as bytes, and all others as JSON. */
function outputsText() {
  if (!hasHalfOutputs() && !askedNames()) return ''
  const outputs = answeredOutputs().map(({ name, datatype }) => (isHalf(datatype) ? { name, parameters: { binary_data: true } } : { name }))
  return '"outputs":' + JSON.stringify(outputs) + ','
}

function tensorsText() {
  const parts = page.inputs.map((input, index) => {
    let shape = input.shape.map((size) => (size === -1 ? 1 : size))
    let data
    if (input.kind === 'fields') data = '[' + fieldsOf(index).map(literalOf).join(',') + ']'
    else {
      const area = document.getElementById('input-' + index)
      data = area.value.trim()
      if (problemOf(area.value, input) === '') {
        const nested = JSON.parse(data)
        shape = shapeOf(nested)
        if (!Array.isArray(nested)) data = '[' + data + ']'
      }
    }
    // half floats have no form in JSON; singles hold them exactly
    const datatype = isHalf(input.datatype) ? 'FP32' : input.datatype
    const head = { name: input.name, shape, datatype }
    return JSON.stringify(head).slice(0, -1) + ',"data":' + data + '}'
  })
  // several have a line each, which JSON and the shell take as it is
  const inputs = parts.length === 1 ? parts[0] : '\n  ' + parts.join(',\n  ') + '\n'
  return '{' + outputsText() + '"inputs":[' + inputs + ']}'
}

/** Marks text areas whose text is no input; all are looked at, so that each says what is wrong with it. */
function checkAreas() {
  page.inputs.forEach((input, index) => {
    const area = document.getElementById('input-' + index)
    if (input.kind === 'json') area.setCustomValidity(problemOf(area.value, input))
  })
}

function shellQuote(text) {
  return "'" + text.replaceAll("'", "'\\''") + "'"
}

function curlOf(url, mediaType, body) {
  const keyLine = keyPart.hidden ? [] : ['-H "authorization: Bearer $SLIPWAY_KEY"']
  // bytes are nothing for a terminal
  const fileLine = dialect.body === 'tensors' && hasHalfOutputs() ? ['--output answer.bin'] : []
  const lines = ['curl -sS ' + shellQuote(url), ...keyLine, "-H 'content-type: " + mediaType + "'", ...fileLine, '--data-raw ' + shellQuote(body)]
  return lines.join(' \\\n  ')
}

function refresh() {
  checkAreas()
  const body = bodyOf(dialect)
  document.getElementById('curl').textContent = curlOf(urlOf().href, dialect.mediaType, body)
  document.getElementById('python').textContent = pythonFor(dialect, urlOf(), body)
}

// The answer

/** JSON with integers beyond 2^53 kept as their digits, where the browser gives them. */
function parseExactly(text) {
  return JSON.parse(text, (_key, value, context) =>
    Number.isInteger(value) && !Number.isSafeInteger(value) && context && /^-?\d+$/.test(context.source) ? context.source : value,
  )
}

/** JSON with a line per member, numbers untouched: only the white space changes. */
function indent(text) {
  let out = ''
  let depth = 0
  for (const token of text.match(/"(?:[^"\\]|\\.)*"|\[[^\[\]{}"]*\]|[{}[\],]|:|[^\s{}[\],:"]+/g) || []) {
    if (token === '{' || token === '[') out += token + '\n' + '  '.repeat(++depth)
    else if (token === '}' || token === ']') out += '\n' + '  '.repeat(--depth) + token
    else if (token === ',') out += ',\n' + '  '.repeat(depth)
    else if (token === ':') out += ': '
    else out += token.startsWith('[') ? token.replace(/\s+/g, '').replaceAll(',', ', ') : token
  }
  return out
}

function percent(share) {
  const shown = (share * 100).toFixed(2)
  if (share > 0 && shown === '0.00') return '< 0.01 %'
  if (share < 1 && shown === '100.00') return '> 99.99 %'
  return shown + ' %'
}

function isDistribution(output) {
  const { shape, data } = output
  const width = shape[shape.length - 1]
  if (!/^(FP|BF)/.test(output.datatype) || data.length !== width || width < 2 || width > MOST_BARS) return false
  const sum = data.reduce((total, share) => total + share, 0)
  return data.every((share) => typeof share === 'number' && share >= 0 && share <= 1) && Math.abs(sum - 1) < 1e-3
}

function barsOf(output, labels) {
  const top = output.data.indexOf(Math.max(...output.data))
  const rows = output.data.map((share, i) => {
    const name = element('bdi', '', labels ? labels[i] : 'class ' + i)
    const fill = element('span', 'fill')
    fill.style.width = share * 100 + '%'
    const track = element('span', 'track', fill)
    track.setAttribute('aria-hidden', 'true')
    return element('li', i === top ? 'top' : '', element('span', 'label', name, element('span', '', percent(share))), track)
  })
  return element('ul', 'bars', ...rows)
}

/** One row, a value to a line. */
function listOf(output, labels) {
  const rows = output.data.map((value, i) => {
    const name = element('th', '', element('bdi', '', labels ? labels[i] : String(i + 1)))
    name.scope = 'row'
    return element('tr', '', name, element('td', '', String(value)))
  })
  return element('table', '', element('tbody', '', ...rows))
}

function tableOf(output, labels) {
  const width = output.shape.length < 2 ? 1 : output.data.length / output.shape[0]
  const table = element('table', '')
  if (labels && labels.length === width) table.append(element('thead', '', element('tr', '', ...labels.map((label) => element('th', '', element('bdi', '', label))))))
  const body = element('tbody', '')
  const rows = Math.max(1, Math.floor(MOST_VALUES / width))
  for (let at = 0; at < output.data.length && at < rows * width; at += width) {
    const cells = output.data.slice(at, Math.min(at + width, at + MOST_VALUES))
    body.append(element('tr', '', ...cells.map((value) => element('td', '', String(value)))))
  }
  table.append(body)
  const wrapped = element('div', 'scroll', table)
  wrapped.tabIndex = 0
  if (output.data.length <= MOST_VALUES) return wrapped
  return element('div', '', wrapped, element('p', 'note', 'The first of ' + output.data.length + ' values.'))
}

function outputPart(output) {
  const labels = Object.hasOwn(page.outputColumns, output.name) ? page.outputColumns[output.name] : undefined
  const kind = element('span', 'kind', output.datatype + ' [' + output.shape.join(', ') + ']')
  const title = element('h3', '', element('bdi', '', output.name), ' ', kind)
  if (isDistribution(output)) return element('div', 'output', title, barsOf(output, labels))
  if (output.data.length === 1) return element('div', 'output', title, element('div', 'value', String(output.data[0])))
  const isOneRow = output.shape.length > 1 && output.data.length === output.shape[output.shape.length - 1]
  if (isOneRow && output.data.length <= MOST_BARS) return element('div', 'output', title, listOf(output, labels))
  return element('div', 'output', title, tableOf(output, labels))
}

function halfOf(bits) {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const size = exponent === 31 ? (fraction === 0 ? Infinity : NaN) : exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25)
  return bits >> 15 ? -size : size
}

function brainOf(bits) {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint16(0, bits)
  return view.getFloat32(0)
}

/** The half floats of an output, from the bytes behind the JSON. */
function halvesIn(bytes, at, output) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, output.parameters.binary_data_size)
  const read = output.datatype === 'FP16' ? halfOf : brainOf
  return Array.from({ length: view.byteLength / 2 }, (_, i) => read(view.getUint16(2 * i, true)))
}

/** Outputs with the data of each, also of those whose bytes stand behind the JSON, in turn. */
function withBytes(outputs, bytes) {
  let at = 0
  return outputs.map((output) => {
    if (output.data) return output
    const data = halvesIn(bytes, at, output)
    at += output.parameters.binary_data_size
    return { ...output, data }
  })
}

/** Parts of the answer for people; none when it is not what the protocol promises. */
function readable(text, bytes) {
  try {
    const document = parseExactly(text)
    const outputs = document.outputs ? withBytes(document.outputs, bytes) : outputsFrom(Array.isArray(document) ? document : document.predictions)
    return outputs.map((output) => outputPart({ ...output, data: output.data.flat(Infinity) }))
  } catch {
    return []
  }
}

function messageOf(text) {
  try {
    const { error, message, Message } = JSON.parse(text)
    return typeof error === 'string' ? error : error ? error.message : message || Message || text.slice(0, 500)
  } catch {
    return text.slice(0, 500)
  }
}

function clearAnswer() {
  summary.className = ''
  summary.textContent = 'Press Predict to send the values to the model.'
  result.replaceChildren()
  document.getElementById('raw-part').hidden = true
}

function show(isFine, status, elapsedMs, message, text, timing, bytes) {
  const time = elapsedMs < 10 ? elapsedMs.toFixed(1) : elapsedMs.toFixed(0)
  summary.className = isFine ? '' : 'failed'
  summary.replaceChildren(element('strong', '', status), ' in ', element('strong', '', time + ' ms'), message ? ': ' + message : '')
  result.replaceChildren(...(isFine ? readable(text, bytes) : []))
  document.getElementById('raw-part').hidden = text === ''
  document.getElementById('raw').textContent = dialect.mediaType === 'text/csv' ? text : indent(text) || text
  if (bytes && bytes.length > 0) document.getElementById('raw').append('\n… and ' + bytes.length + ' bytes')
  document.getElementById('timing').textContent = timing || ''
}

let isSending = false

async function send() {
  if (isSending) return
  isSending = true
  result.setAttribute('aria-busy', 'true')
  const start = performance.now()
  try {
    const response = await fetch(urlOf(), { method: 'POST', headers: headersFor(dialect.mediaType), body: bodyOf(dialect) })
    const whole = new Uint8Array(await response.arrayBuffer())
    const length = Number(response.headers.get('inference-header-content-length') || whole.length)
    const text = new TextDecoder().decode(whole.subarray(0, length))
    const status = (response.status + ' ' + response.statusText).trim()
    show(response.ok, status, performance.now() - start, response.ok ? '' : messageOf(text), text, timingText(response.headers.get('server-timing')), whole.subarray(length))
    if (response.status === 401) {
      askForKey()
      refresh()
      keyField.focus()
    }
  } catch {
    show(false, 'No answer', performance.now() - start, 'the server cannot be reached', '')
  }
  result.removeAttribute('aria-busy')
  isSending = false
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copies)
  try {
    await navigator.clipboard.writeText(source.textContent)
    button.textContent = 'Copied'
  } catch {
    // without HTTPS there is no clipboard to write to: leave the text selected
    getSelection().selectAllChildren(source)
    button.textContent = 'Selected'
  }
  setTimeout(() => (button.textContent = 'Copy'), 1500)
}

for (const tab of tabs) {
  tab.addEventListener('click', () => choose(tab))
  tab.addEventListener('keydown', walkTabs)
}
keyField.addEventListener('input', () => useKey(keyField.value))
form.addEventListener('input', refresh)
form.addEventListener('reset', () =>
  setTimeout(() => {
    keyField.value = key
    refresh()
  }),
)
form.addEventListener('submit', (event) => {
  event.preventDefault()
  void send()
})
for (const button of document.querySelectorAll('[data-copies]')) button.addEventListener('click', () => void copy(button))
if (window.slipwayKey) {
  keyField.value = window.slipwayKey
  useKey(window.slipwayKey)
  delete window.slipwayKey
  askForKey()
}
refresh()
`
}
