import Big from 'big.js';

const told = (run) => { try { return run(); } catch (error) { return `${error}`; } };

export default () => {
  const x = new Big('123.4567');
  const y = Big('123456.7e-3');
  const Exact = Big();
  Exact.DP = 40;
  Exact.RM = 2;
  const Strict = Big();
  Strict.strict = true;
  return {
    sum: [0.3 - 0.1, Big(0.3).minus(0.1).toString(), Big(0.3).minus(0.1), Big('0.1').plus('0.2').eq('0.3')],
    chained: x.minus(y).plus(1).times('1e-5').div(3).toString(),
    divided: [Big(1).div(3).toString(), new Exact(1).div(3).toString(), new Exact(2).sqrt().toString(), new Exact('1e-30').pow(-3).toString()],
    shown: [x.toFixed(2), x.toExponential(3), x.toPrecision(5), x.toJSON(), x.valueOf(), Big(1e21).toString(), Big(1e-7).toFixed(), Big('-0').valueOf(), x.toNumber()],
    rounded: [0, 1, 2, 3].map((mode) => [Big('1.25').round(1, mode).toString(), Big('-1.35').round(1, mode).toString(), Big('15').prec(1, mode).toString()]),
    compared: [x.cmp(y), x.gt(1), x.lte(x), x.abs().neg().lt(0), Big('1e400').gt('1e399')],
    rest: [Big(10).mod(3).toString(), Big(-10).mod(3).toString(), Big('1e20').mod('7').toString()],
    digits: [x.c, x.e, x.s],
    powers: [Big(7).pow(40).toFixed(), Big('1.0001').pow(50).toString(), Big(2).pow(-10).toString()],
    errors: [() => Big('one'), () => Big(1).div(0), () => Big(-1).sqrt(), () => Strict(0.1), () => Big(1).toFixed(-1), () => Big(2).pow(1.5)].map(told),
  };
};
