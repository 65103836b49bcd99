import { Random } from './random';
import { transitions } from './rules';
import { Walk } from './walk';

const clusters = 250;
const steps = 80;

test('the rules hold on random walks of many small clusters, and every walk ends', () => {
  const random = new Random();
  const walks = Array.from({ length: clusters }, () => new Walk(random));
  let taken = 0;

  const step = (moving: Walk[], faults: boolean) => {
    const pairs = moving.flatMap((walk) => {
      const transition = walk.next(faults);
      return transition ? [{ walk, transition }] : [];
    });
    taken += pairs.length;
    transitions(pairs.map(({ transition }) => transition)).forEach((outcome, i) => {
      const walk = pairs[i]?.walk as Walk;
      const wrong = walk.judge(outcome);
      if (wrong) throw new Error(`seed ${random.seed}: ${wrong}: ${walk.describe()}`);
    });
  };

  for (let i = 0; i < steps; i++) step(walks, true);
  let moving = walks;
  for (let i = 0; i < 400 && moving.length; i++) {
    step(moving, false);
    moving = moving.filter((walk) => !walk.ended);
  }

  const sum = (key: keyof Walk['counts']) => walks.reduce((total, walk) => total + walk.counts[key], 0);
  const ended = (how: string) => walks.filter((walk) => walk.ended === how).length;
  console.log(
    `slots.jq: ${taken} transitions of ${clusters} clusters (seed ${random.seed}): ${sum('granted')} slots granted, ` +
      `${sum('refused')} refused, ${sum('vanished')} vanished holders given up, ${sum('refunded')} refunded, ` +
      `${sum('revisions')} revisions; ${ended('done')} rollouts done, ${ended('stopped')} stopped, ${moving.length} without an end`,
  );
  expect(moving.map((walk) => walk.describe())).toEqual([]);
  expect(sum('vanished')).toBeGreaterThan(50);
  expect(sum('refunded')).toBeGreaterThan(10);
}, 120_000);
