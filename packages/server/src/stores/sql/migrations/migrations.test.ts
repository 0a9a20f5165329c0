import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checksumOf } from './migration.ts'
import { migrations } from './migrations.ts'

// Never edited: databases hold them, and one that holds another is refused. A new step adds a line.
const released = {
  '1 tables': {
    sqlite: '0d259a2519e89036396d306101311b303c5a377b7f2ec9e8f0616f2860ab252e',
    postgres: 'b55cd865a616b102c3e18079dfc7df7e47c654638a4281ff98250b800e3b8859',
  },
  '2 consumed': {
    sqlite: '636a63c82dbcef75df3ea3e4925cad06b88b50ed0aadc599bce03fe14548da2e',
    postgres: 'fadfcfd1eee1da487753a6a8b07b544356974de2f5c99724ebea7715c8f72d68',
  },
  '3 services': {
    sqlite: '0e7e9dc517417ffc0598c8abea68fbdf5185b52108920d64099b953005e487d1',
    postgres: '6ae39d69caa9f76a514a93fb58636b950600d055edef3728a85b488993b53266',
  },
  '4 ways in': {
    sqlite: 'ffdbcfc75f7d6390416150a837bb910424cae49faa68d308096758d2baa51a5f',
    postgres: '08d99dba4ef9a6c7d6074c1630f86480a2496928ebd45815bbf1db569fe7806f',
  },
  '5 live sessions': {
    sqlite: '877ea70ae0ff51edccfbec04ce56a196372520ef1bb864c386ac61cec9158ef4',
    postgres: '877ea70ae0ff51edccfbec04ce56a196372520ef1bb864c386ac61cec9158ef4',
  },
  '6 keys by hash': {
    sqlite: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    postgres: 'd72cc39b089441e39effdb655e9661f0d0eba944e536462dc3b719005d762aaf',
  },
}

test('no step is changed after its release', () => {
  const known = migrations.map((step) => [
    `${step.number} ${step.name}`,
    { sqlite: checksumOf('sqlite', step), postgres: checksumOf('postgres', step) },
  ])
  assert.deepEqual(known, Object.entries(released))
})
