import { runHa } from './run-scenario.ts';
import { createScope } from '../support/planned-scope.ts';
const scope = createScope();
try {
  const r = await runHa(scope, {
    scenario: process.argv[2] as never,
    isFull: process.argv[3] === 'full',
    say: (l) => console.log(l),
  });
  console.log(r.figures, r.failure.slice(0, 5000));
} finally {
  await scope.end();
}
process.exit(0);
