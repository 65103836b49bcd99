import { killEverywhere, print } from './kills';
import { change } from './operations';

jest.setTimeout(900_000);

test('killed at every command boundary, a change of the configuration leaves the old one or the new one', () => {
  print('K3s: change', killEverywhere(change));
});
