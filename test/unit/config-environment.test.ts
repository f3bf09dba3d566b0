import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvironment } from '../../src/config/environment.ts';
import { keySpecs } from '../../src/config/keys.ts';

test('variables that begin with TIDINGS_ are read, others are not looked at', () => {
  const reading = readEnvironment({
    PATH: '/bin',
    PORT: '1',
    tidings_port: '2',
    TIDINGS_PORT: '3',
    TIDINGS_HOST: undefined,
  });
  assert.deepEqual(reading.entries, [{ key: 'port', label: 'env TIDINGS_PORT', raw: '3' }]);
  assert.deepEqual(reading.errors, []);
  assert.equal(reading.configFile, undefined);
});

test('TIDINGS_CONFIG names the file', () => {
  const reading = readEnvironment({ TIDINGS_CONFIG: 'a.yaml' });
  assert.deepEqual(reading, { configFile: 'a.yaml', entries: [], errors: [] });
});

test('an unknown variable is one line with the nearest name, and its value is not repeated', () => {
  const reading = readEnvironment({
    TIDINGS_PROT: 'hunter2',
    TIDINGS_MAX_BODY_BYTES: '1',
    TIDINGS_CONFG: 'x',
    TIDINGS_VERBOSE: '1',
    'TIDINGS_A\nB': '1',
  });
  assert.deepEqual(reading.errors, [
    'unknown env TIDINGS_PROT; did you mean TIDINGS_PORT?',
    'unknown env TIDINGS_MAX_BODY_BYTES; did you mean TIDINGS_MAX_BODY?',
    'unknown env TIDINGS_CONFG; did you mean TIDINGS_CONFIG?',
    'unknown env TIDINGS_VERBOSE; tidings --help lists what there is',
    'unknown env "TIDINGS_A\\nB"; tidings --help lists what there is',
  ]);
});

test('what Kubernetes sets for services named tidings and tidings-admin is passed over', () => {
  const links = {
    TIDINGS_SERVICE_HOST: '10.0.0.7',
    TIDINGS_SERVICE_PORT: '3210',
    TIDINGS_SERVICE_PORT_HTTP: '3210',
    TIDINGS_PORT: 'tcp://10.0.0.7:3210',
    TIDINGS_PORT_3210_TCP: 'tcp://10.0.0.7:3210',
    TIDINGS_PORT_3210_TCP_PROTO: 'tcp',
    TIDINGS_PORT_3210_TCP_PORT: '3210',
    TIDINGS_PORT_3210_TCP_ADDR: '10.0.0.7',
    TIDINGS_ADMIN_SERVICE_HOST: '10.0.0.8',
    TIDINGS_ADMIN_PORT: 'tcp://10.0.0.8:3219',
  };
  assert.deepEqual(readEnvironment(links), { configFile: undefined, entries: [], errors: [] });
});

test('no setting has a name that Kubernetes could give', () => {
  assert.ok(keySpecs.length >= 24);
  for (const spec of keySpecs) assert.equal(readEnvironment({ [spec.env]: '1' }).entries.length, 1, spec.env);
});
