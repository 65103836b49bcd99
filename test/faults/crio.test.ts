import { killsOf } from './engine-kills';

killsOf('crio');
