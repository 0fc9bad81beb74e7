import type { TensorSpec } from '../../tensor/signature.ts'
import type { Shape } from '../../tensor/shape.ts'
import type { Field, InputForm } from './example.ts'
import { html, type Html } from './html.ts'

/** Most columns of a row that stand in sight at once; more of them scroll. */
const MOST_IN_SIGHT = 60

/**
 * The form that asks for every input, filled with the example, and for the outputs where there is a choice.
 * @param unasked names of the outputs that a request gets when it names none
 */
export function tryForm(
  inputs: readonly TensorSpec[],
  forms: readonly InputForm[],
  outputs: readonly TensorSpec[],
  unasked: readonly string[],
): Html {
  const named = inputs.flatMap((spec, index): Named[] => {
    const form = forms[index]
    return form === undefined ? [] : [{ spec, form, index }]
  })
  const single = named.filter(isSingle)
  const isTable = single.length > 1
  const parts = named.map((input) => {
    if (!isTable || !isSingle(input)) return inputPart(input)
    return input === single[0] ? tablePart(single) : html``
  })
  return html`<form id="form" autocomplete="off">
    ${parts} ${outputs.length > 1 ? outputsPart(outputs, unasked) : undefined}
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

/** An input with its form and its place among the inputs. */
interface Named {
  readonly spec: TensorSpec
  readonly form: InputForm
  readonly index: number
}

/** Whether an input has one value a row, as a column of a data frame has. */
function isSingle({ form }: Named): boolean {
  return form.kind === 'fields' && form.fields.length === 1
}

function outputsPart(outputs: readonly TensorSpec[], unasked: readonly string[]): Html {
  const boxes = outputs.map(
    ({ name }, i) =>
      html`<label class="choice" for="output-${i}"
        ><input
          id="output-${i}"
          type="checkbox"
          data-output="${i}"
          ${unasked.includes(name) ? html`checked` : undefined}
        />
        ${breakable(name)}</label
      >`,
  )
  return html`<fieldset class="input">
    <legend>Outputs</legend>
    <div class="choices">${boxes}</div>
  </fieldset>`
}

/** Inputs of one value each, side by side: their names say all that there is to say of most of them. */
function tablePart(inputs: readonly Named[]): Html {
  const shapes = new Set(inputs.map(({ spec }) => shapeText(spec.shape)))
  const [shape] = shapes
  const fields = inputs.map(({ spec, form, index }) => {
    const kind = shapes.size === 1 ? spec.datatype : `${spec.datatype} ${shapeText(spec.shape)}`
    return form.kind === 'fields' ? form.fields.map((field) => fieldHtml(field, index, 0, spec, kind)) : []
  })
  return html`<fieldset class="input">
    <legend>
      A row of ${inputs.length} columns ${shapes.size === 1 ? html`<span class="kind">${shape} each</span>` : undefined}
    </legend>
    <div class="fields table${inputs.length > MOST_IN_SIGHT ? ' long' : ''}">${fields.flat()}</div>
  </fieldset>`
}

function inputPart({ spec, form, index }: Named): Html {
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
  return html`<fieldset class="input">
    <legend><bdi>${spec.name}</bdi> ${kind}</legend>
    <div class="fields">${form.fields.map((field, at) => fieldHtml(field, index, at))}</div>
  </fieldset>`
}

/**
 * @param column whose field it is in a row of several inputs: only there may a cell of a data frame be empty
 * @param kind of the column, shown beside its name
 */
function fieldHtml({ label, control, value }: Field, index: number, at: number, column?: TensorSpec, kind = ''): Html {
  const id = `input-${index}-${at}`
  const isCell = column?.shape.length === 2
  const empty = !isCell ? '' : column.isNeverMissing === true ? 'empty text' : 'missing'
  const shown = kind === '' ? undefined : html`<span class="kind" id="${id}-kind">${kind}</span>`
  const described = kind === '' ? undefined : html`aria-describedby="${id}-kind"`
  return html`<div class="field">
    <div class="name"><label for="${id}">${breakable(label)}</label>${shown}</div>
    ${controlHtml(html`id="${id}" data-input="${index}" data-control="${control}" ${described}`, control, value, empty)}
  </div>`
}

/** @param empty what it means when nothing stands there; `''` where a number has to stand */
function controlHtml(shared: Html, control: string, value: string, empty: string): Html {
  if (control === 'boolean')
    return html`<select ${shared}>
      <option value="false">false</option>
      <option value="true" ${value === 'true' ? html`selected` : undefined}>true</option>
    </select>`
  const hint = empty === '' ? undefined : html`placeholder="${empty}"`
  if (control === 'text') return html`<input ${shared} type="text" value="${value}" spellcheck="false" ${hint} />`
  if (control === 'whole') return html`<input ${shared} type="number" step="1" required value="${value}" />`
  return html`<input ${shared} type="number" step="any" ${hint ?? html`required`} value="${value}" />`
}

/** A field for a key. */
export function keyControl(id: string, attributes: Html): Html {
  return html`<input id="${id}" type="password" autocomplete="off" spellcheck="false" maxlength="512" ${attributes} />`
}

/** A name that keeps its own direction and breaks after underscores before it breaks elsewhere. */
export function breakable(name: string): Html {
  return html`<bdi>${name.split(/(?<=_)/).map((part, i) => (i === 0 ? html`${part}` : html`<wbr />${part}`))}</bdi>`
}

/** A shape for people. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(', ').replaceAll('-', '−')}]`
}
