require('../../lib/src');
