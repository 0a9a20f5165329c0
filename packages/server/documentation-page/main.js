// The documentation page: the contract of this server to read and to try, made from its OpenAPI document in the browser.
// Plain files without a build: what the browser loads is what stands here.

import { exampleOf, operationsOf, problemsOf } from './description.js'
import { find, h, scrolling } from './dom.js'
import { jsonBlock } from './json.js'
import { hostPath } from './mount.js'
import { fillNavigation, groupId, openNamedOperation, wordsOf } from './navigation.js'
import { operationView } from './operation.js'
import { inline, prose } from './prose.js'
import { schemaView } from './schema.js'
import { sessionDialog } from './session-dialog.js'
import { Session } from './session.js'
import { switchTheme } from './theme.js'

/** @import { OpenApi } from './types.ts' */

const session = new Session()
const logIn = sessionDialog(session)
find('theme-button').addEventListener('click', switchTheme)

try {
  const response = await fetch(hostPath('/openapi.json'))
  show(await response.json())
  addEventListener('hashchange', openNamedOperation)
  openNamedOperation()
} catch {
  find('reference').replaceChildren(
    h(
      'p',
      { class: 'failure' },
      'The description of this API cannot be loaded. Reload the page to try again.',
    ),
  )
}
find('reference').setAttribute('aria-busy', 'false')
await session.resume()

/** @param {OpenApi} openapi */
function show(openapi) {
  document.title = `${openapi.info.title} API`
  find('version').textContent = openapi.info.version
  find('base').textContent = location.origin
  find('introduction').replaceChildren(...prose(openapi.info.description ?? ''))
  const operations = operationsOf(openapi)
  const groups = openapi.tags.map(({ name, description }) => ({
    name,
    description,
    operations: operations.filter(({ tags }) => tags.includes(name)),
  }))
  fillNavigation(groups)
  const sections = groups.map(({ name, description, operations }) => {
    const views = operations.map((operation) => {
      const view = operationView(openapi, operation, { session, logIn })
      view.dataset['words'] = wordsOf(operation)
      return view
    })
    const about = description ? prose(description) : []
    return h('section', { id: groupId(name) }, h('h2', {}, name), ...about, ...views)
  })
  find('reference').replaceChildren(...sections, schemasView(openapi), problemsView(openapi))
}

/** @param {OpenApi} openapi */
function schemasView(openapi) {
  const views = Object.entries(openapi.components.schemas).map(([name, schema]) =>
    h(
      'details',
      { class: 'operation', id: `schema-${name}` },
      h('summary', {}, h('h3', {}, name)),
      h(
        'div',
        { class: 'columns' },
        h('div', { class: 'reading' }, schemaView(openapi, schema, 'optional')),
        jsonBlock(exampleOf(openapi, schema)),
      ),
    ),
  )
  return h('section', { id: 'schemas' }, h('h2', {}, 'Schemas'), ...views)
}

/** @param {OpenApi} openapi */
function problemsView(openapi) {
  const rows = problemsOf(openapi).map(({ code, status, meaning }) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('code', {}, code)),
      h('td', {}, status),
      h('td', {}, ...inline(meaning)),
    ),
  )
  const columns = ['Code', 'Status', 'Meaning'].map((name) => h('th', { scope: 'col' }, name))
  return h(
    'section',
    { id: 'problems' },
    h('h2', {}, 'Problems'),
    ...prose(
      'Every failure is `application/problem+json` (RFC 9457). Compare the `code`: it is stable. The `requestId` is in the log of the server.',
    ),
    scrolling(
      'Problems',
      h('table', {}, h('thead', {}, h('tr', {}, ...columns)), h('tbody', {}, ...rows)),
    ),
  )
}
