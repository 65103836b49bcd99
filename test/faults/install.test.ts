import { killEverywhere, print } from './kills';
import { install } from './operations';

jest.setTimeout(900_000);

test('killed at every command boundary, an install leaves a node that runs and can be resumed', () => {
  print('K3s: install', killEverywhere(install()));
});
