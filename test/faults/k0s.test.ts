import { killsOf } from './engine-kills';

killsOf('k0s');
