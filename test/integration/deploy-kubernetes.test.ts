import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { startInstance } from '../support/instance.ts';
import { projectRoot } from '../support/project.ts';
import { request } from '../support/request.ts';
import { assertTimeToDrain, configOf, dockerfile, imageEnvironment } from './deploy/settings.ts';

const GIB = 1024 ** 3;

const text = readFileSync(join(projectRoot, 'deploy/kubernetes.yaml'), 'utf8');
const documents = parseAllDocuments(text).map((document) => {
  assert.deepEqual(document.errors, []);
  return document.toJS() as unknown;
});

const deployment = ofKind('Deployment');
const pod = at(deployment, 'spec.template.spec');
const container = at(pod, 'containers.0');

test('the objects select what is meant', () => {
  const labels = at(deployment, 'spec.template.metadata.labels');
  assert.deepEqual(labels, { 'app.kubernetes.io/name': 'tidings' });
  assert.deepEqual(at(deployment, 'spec.selector'), { matchLabels: labels });
  assert.deepEqual(at(ofKind('Service'), 'spec.selector'), labels);
  assert.deepEqual(at(ofKind('PodDisruptionBudget'), 'spec.selector'), { matchLabels: labels });
  assert.deepEqual(at(ofKind('NetworkPolicy'), 'spec.podSelector'), { matchLabels: labels });
  assert.deepEqual(at(pod, 'topologySpreadConstraints.0.labelSelector'), { matchLabels: labels });

  assert.deepEqual(at(container, 'ports'), [{ name: 'http', containerPort: configOf({}).port }]);
  assert.equal(at(ofKind('Service'), 'spec.ports.0.targetPort'), 'http');
  assert.deepEqual(at(ofKind('NetworkPolicy'), 'spec.ingress'), [
    { from: [{ podSelector: { matchLabels: { 'tidings-access': 'true' } } }], ports: [{ port: 'http' }] },
  ]);
});

test('one at a time leaves: in an update, when a machine is emptied, and with time to drain', () => {
  assert.ok(Number(at(deployment, 'spec.replicas')) >= 2);
  assert.deepEqual(at(deployment, 'spec.strategy'), {
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
  });
  const budget = ofKind('PodDisruptionBudget');
  assert.equal(at(budget, 'spec.maxUnavailable'), 1);
  assert.equal(at(budget, 'spec.unhealthyPodEvictionPolicy'), 'AlwaysAllow');

  const config = configOf({ ...imageEnvironment(), ...environment() });
  assert.ok(config.queue.kind !== 'list', 'several instances');
  const [sleep, seconds] = at(container, 'lifecycle.preStop.exec.command') as readonly string[];
  assert.equal(sleep, 'sleep');
  const graceSeconds = Number(at(pod, 'terminationGracePeriodSeconds')) - Number(seconds);
  assertTimeToDrain(`${graceSeconds}s`, config);
  assert.ok(Number(at(deployment, 'spec.minReadySeconds')) * 1000 >= config.drainMs);
  const [, gib] = /^(\d+)Gi$/.exec(String(at(container, 'resources.limits.memory'))) ?? [];
  assert.ok(Number(gib) * GIB >= 4 * config.retentionBytes);
});

test('a pod may do little', () => {
  const user = dockerfile.stages.at(-1)?.instructions.find(({ name }) => name === 'USER');
  const context = at(pod, 'securityContext');
  const [uid, gid] = [at(context, 'runAsUser'), at(context, 'runAsGroup')];
  assert.deepEqual(user?.rest.split(':').map(Number), [uid, gid], 'the user of the image');
  assert.equal(at(context, 'runAsNonRoot'), true);
  assert.deepEqual(at(context, 'seccompProfile'), { type: 'RuntimeDefault' });
  assert.deepEqual(at(container, 'securityContext'), {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  assert.equal(at(pod, 'automountServiceAccountToken'), false);
});

test('the probes ask what an instance answers, and one that has lost Redis is not killed for it', async (t) => {
  const path = (probe: string) => String(at(container, `${probe}.httpGet.path`));
  const alone = await startInstance(t, { flags: ['--queue=redis/127.0.0.1:1'] });
  for (const probe of ['startupProbe', 'livenessProbe']) {
    assert.equal((await request(`${alone.url}${path(probe)}`)).status, 200, probe);
  }
  assert.equal((await request(`${alone.url}${path('readinessProbe')}`)).status, 503);
  const ready = await startInstance(t);
  assert.equal((await request(`${ready.url}${path('readinessProbe')}`)).status, 200);
});

function ofKind(kind: string): unknown {
  const [found, ...others] = documents.filter((document) => at(document, 'kind') === kind);
  assert.ok(found !== undefined && others.length === 0, kind);
  return found;
}

/** What stands at `spec.ports.0`, or undefined when something on the way there is missing. */
function at(node: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((current, name) => (current as Readonly<Record<string, unknown>> | undefined)?.[name], node);
}

/** The variables of the container, those of the Secret put in. */
function environment(): Readonly<Record<string, string>> {
  const secret = ofKind('Secret');
  const env = at(container, 'env') as readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      if (valueFrom === undefined) return [name, value ?? ''];
      assert.equal(valueFrom.secretKeyRef.name, at(secret, 'metadata.name'));
      return [name, String(at(secret, `stringData.${valueFrom.secretKeyRef.key}`))];
    }),
  );
}
