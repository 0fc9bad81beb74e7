/**
 * The part of the page's script that knows the protocols: what the form's values look like in each one's body, and what
 * its Python client is told. It uses `page`, `form`, `fieldsOf` and `literalOf` of the rest.
 */
export const DIALECT_SCRIPT = String.raw`
// Values keep the digits that were typed, where the browser can

function digits(text) {
  return JSON.rawJSON ? JSON.rawJSON(text) : JSON.parse(text)
}

function parseDigits(text) {
  return JSON.parse(text, (_key, value, context) => (typeof value === 'number' && context && context.source ? digits(context.source) : value))
}

/** What each row gives an input; undefined while its text is no JSON. */
function rowsOf(index) {
  const { kind, shape } = page.inputs[index]
  if (kind === 'fields') {
    const values = fieldsOf(index).map((control) => (control.dataset.control === 'text' ? control.value : digits(literalOf(control))))
    return shape.length === 2 ? [values] : values
  }
  try {
    const nested = parseDigits(document.getElementById('input-' + index).value)
    return Array.isArray(nested) ? nested : [nested]
  } catch {
    return undefined
  }
}

function flatRows(rows) {
  return rows[0].map((_, row) => rows.flatMap((each) => [each[row]].flat(Infinity)))
}

function instancesOf(rows) {
  if (rows.length === 1) return rows[0]
  return rows[0].map((_, row) => Object.fromEntries(page.inputs.map((input, i) => [input.name, cellOf(rows[i][row], input)])))
}

/** What a row has under an input's name: a column of a data frame is a value, not a list of one. */
function cellOf(value, { shape }) {
  return shape.length === 2 && value.length === 1 ? value[0] : value
}

function csvField(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  // a missing number is an empty field
  if (typeof value !== 'string' && text === 'null') return ''
  return /[",\n\r]|^\s|\s$|^$/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text
}

/** What stands beside the rows: the outputs, where other ones are asked for than come unasked. */
function beside(key) {
  const names = askedNames()
  return names ? { [key]: { outputs: names } } : {}
}

const BODIES = {
  instances: (rows) => ({ instances: instancesOf(rows), ...beside('parameters') }),
  dataframe_split: (rows) => ({ dataframe_split: { columns: page.columns, data: flatRows(rows) }, ...beside('params') }),
  input_data: (rows) => ({ input_data: { columns: page.columns, data: flatRows(rows) }, ...beside('parameters') }),
}

/** The body of a request in one of the protocols; '' while a text area holds no JSON. */
function bodyOf(dialect) {
  if (dialect.body === 'tensors') return tensorsText()
  const rows = page.inputs.map((_, index) => rowsOf(index))
  if (rows.includes(undefined)) return ''
  if (dialect.body === 'csv') return [...(page.csvHeader ? [page.columns] : []), ...flatRows(rows)].map((row) => row.map(csvField).join(',')).join('\n')
  return JSON.stringify(BODIES[dialect.body](rows))
}

// Python

/** A JSON text as Python writes it: strings keep, words change. */
function pythonOf(json) {
  return json.replace(/"(?:[^"\\]|\\.)*"|\btrue\b|\bfalse\b|\bnull\b/g, (token) => ({ true: 'True', false: 'False', null: 'None' })[token] || token)
}

const NUMPY = { BOOL: 'bool_', FP16: 'float16', BF16: 'float32', FP32: 'float32', FP64: 'float64', BYTES: 'object_' }

function numpyOf(datatype) {
  return 'np.' + (NUMPY[datatype] || datatype.toLowerCase())
}

function tritonLines(url) {
  const text = tensorsText()
  const shapes = JSON.parse(text).inputs.map(({ shape }) => shape)
  const lists = parseDigits(text).inputs.map(({ data }) => pythonOf(JSON.stringify(data.flat(Infinity))))
  const isTable = page.inputs.length > 1 && page.inputs.every(({ datatype }, i) => shapes[i].join() === shapes[0].join() && !isHalf(datatype))
  const names = askedNames()
  const asked = names ? ', outputs=[' + names.map((name) => 'http.InferRequestedOutput(' + JSON.stringify(name) + ')').join(', ') + ']' : ''
  const ssl = url.protocol === 'https:' ? ', ssl=True' : ''
  const root = url.host + new URL(page.root, document.baseURI).pathname.replace(/\/$/, '')
  return [
    'import numpy as np',
    'import tritonclient.http as http',
    ...(isTable ? ['from tritonclient.utils import triton_to_np_dtype'] : []),
    '',
    'client = http.InferenceServerClient("' + root + '"' + ssl + ')',
    ...(isTable ? tableLines(lists, shapes[0]) : inputLines(lists, shapes)),
    'answer = client.infer(' + JSON.stringify(page.model) + ', inputs' + asked + (needsKey() ? ', headers=' + KEY_HEADER : '') + ')',
    ...answeredOutputs().map(({ name }) => 'print(answer.as_numpy(' + JSON.stringify(name) + '))'),
  ]
}

function inputLines(lists, shapes) {
  const inputs = page.inputs.map(({ name, datatype }, i) => 'http.InferInput(' + JSON.stringify(name) + ', [' + shapes[i].join(', ') + '], "' + datatype + '")')
  const arrays = page.inputs.map(({ datatype }, i) => 'inputs[' + i + '].set_data_from_numpy(np.array(' + lists[i] + ', dtype=' + numpyOf(datatype) + ').reshape(' + '[' + shapes[i].join(', ') + ']))')
  return ['inputs = [' + inputs.join(', ') + ']', ...arrays]
}

/** Many inputs of one shape: a line for each column's values, and the rest once. */
function tableLines(lists, shape) {
  return [
    'columns = {',
    ...page.inputs.map(({ name, datatype }, i) => '    ' + JSON.stringify(name) + ': ("' + datatype + '", ' + lists[i] + '),'),
    '}',
    'inputs = []',
    'for name, (datatype, values) in columns.items():',
    '    array = np.array(values, dtype=triton_to_np_dtype(datatype)).reshape([' + shape.join(', ') + '])',
    '    inputs.append(http.InferInput(name, array.shape, datatype).set_data_from_numpy(array))',
  ]
}

const KEY_HEADER = '{"authorization": "Bearer " + os.environ["SLIPWAY_KEY"]}'

function botoLines(url, dialect, body) {
  const names = dialect.body === 'csv' ? askedNames() : undefined
  const attributes = names ? ', CustomAttributes=' + JSON.stringify('outputs=' + names.join(',')) : ''
  return [
    'import boto3',
    '',
    'client = boto3.client("sagemaker-runtime", endpoint_url=' + JSON.stringify(rootUrl()) + ', region_name="us-east-1",',
    '                      aws_access_key_id="any", aws_secret_access_key="any")',
    'answer = client.invoke_endpoint(EndpointName=' + JSON.stringify(page.model) + ', ContentType="' + dialect.mediaType + '",',
    '                                Body=' + JSON.stringify(body) + attributes + ')',
    'print(answer["Body"].read().decode())',
  ]
}

const PYTHON = {
  v2: (url) => tritonLines(url),
  v1: (url, dialect, body) => [
    'import asyncio',
    'from kserve import InferenceRESTClient, RESTConfig',
    '',
    'client = InferenceRESTClient(RESTConfig(protocol="v1"))',
    'body = ' + pythonOf(body),
    'print(asyncio.run(client.infer(' + JSON.stringify(rootUrl()) + ', body, model_name=' + JSON.stringify(page.model) + (needsKey() ? ', headers=' + KEY_HEADER : '') + ')))',
  ],
  sagemaker: botoLines,
  csv: botoLines,
  mlflow: (url, dialect, body) => [
    'from mlflow.deployments import get_deploy_client',
    '',
    'client = get_deploy_client(' + JSON.stringify(rootUrl()) + ')',
    'print(client.predict(endpoint=' + JSON.stringify(page.model) + ', inputs=' + pythonOf(body) + '))',
  ],
  azureml: (url, dialect, body) => [
    'import requests',
    '',
    'body = ' + pythonOf(body),
    'answer = requests.post(' + JSON.stringify(url.href) + ', json=body' + (needsKey() ? ', headers=' + KEY_HEADER : '') + ')',
    'print(answer.json())',
  ],
  vertex: (url, dialect, body) => [
    'from google.auth.credentials import AnonymousCredentials',
    'from google.cloud.aiplatform_v1 import PredictionServiceClient',
    'from google.cloud.aiplatform_v1.services.prediction_service.transports import PredictionServiceRestTransport',
    '',
    'transport = PredictionServiceRestTransport(host=' + JSON.stringify(rootUrl()) + ', credentials=AnonymousCredentials())',
    'client = PredictionServiceClient(transport=transport)',
    'body = ' + pythonOf(body),
    'answer = client.predict(endpoint=' + JSON.stringify('projects/p/locations/l/endpoints/' + page.model) + ', instances=body["instances"]' + (askedNames() ? ', parameters=body["parameters"]' : '') + ')',
    'print(type(answer).to_dict(answer)["predictions"])',
  ],
}

/** A program for the protocol's own client; '' while there is no body. */
function pythonFor(dialect, url, body) {
  let lines = []
  try {
    lines = body === '' ? [] : PYTHON[dialect.id](url, dialect, body)
  } catch {
    // a text area holds no JSON yet, and says so itself
  }
  return (lines.some((line) => line.includes('os.environ')) ? ['import os', ...lines] : lines).join('\n')
}

// Answers

/** Predictions of a protocol of rows as outputs, like those of the open protocol. */
function outputsFrom(predictions) {
  return answeredOutputs().map(({ name, datatype }) => {
    const rows = predictions.map((row) => (row !== null && typeof row === 'object' && !Array.isArray(row) ? row[name] : row))
    const data = rows.flat(Infinity)
    return { name, datatype, shape: data.length === rows.length ? [rows.length] : [rows.length, data.length / rows.length], data }
  })
}

/** Where the server says that the time went, from its header Server-Timing. */
function timingText(header) {
  const parts = (header || '').split(',').flatMap((entry) => {
    const [name, ...rest] = entry.split(';').map((part) => part.trim())
    const facts = Object.fromEntries(rest.map((part) => part.split('=')))
    const shown = facts.dur ? facts.dur + ' ms' : (facts.desc || '').replaceAll('"', '')
    return name && shown ? [name + ' ' + shown] : []
  })
  return parts.length === 0 ? '' : 'In the server: ' + parts.join(', ')
}
`
