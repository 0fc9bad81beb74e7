/**
 * What the page does that asks for a key: fetches the page that was wanted, with the key, and writes it in its own place.
 * The key goes on to that page in a variable of the tab, and is stored nowhere.
 */
export const GATE_SCRIPT = String.raw`
'use strict'
{
  const gate = document.getElementById('gate')
  const field = document.getElementById('gate-key')
  const summary = document.getElementById('gate-summary')
  gate.addEventListener('submit', async (event) => {
    event.preventDefault()
    const key = field.value.trim()
    if (!/^[\x21-\x7e]+$/.test(key)) return void (summary.textContent = 'A key has letters, digits, "_" and "-" only.')
    summary.textContent = ''
    try {
      const response = await fetch(location.href, { headers: { accept: 'text/html', authorization: 'Bearer ' + key } })
      if (response.ok) {
        const text = await response.text()
        window.slipwayKey = key
        document.open()
        document.write(text)
        document.close()
      } else if (response.status === 401) summary.textContent = 'The server does not know this key.'
      else summary.textContent = 'The server answered ' + (response.status + ' ' + response.statusText).trim() + '.'
    } catch {
      summary.textContent = 'The server cannot be reached.'
    }
  })
}
`
