import jsonata from 'jsonata';

const DATA = {
  example: [{ value: 4 }, { value: 7 }, { value: 13 }],
  orders: [
    { id: 'A', items: [{ sku: 'x', price: 10.5, quantity: 2 }, { sku: 'y', price: 3, quantity: 1 }] },
    { id: 'B', items: [{ sku: 'x', price: 11, quantity: 1 }, { sku: 'z', price: 0.5, quantity: 10 }] },
  ],
  name: 'Fred Smith',
};
const EXPRESSIONS = [
  '$sum(example.value)',
  'orders.items[price > 3].sku',
  'orders.items{sku: $sum($.(price * quantity))}',
  'orders^(>$sum(items.price)).id',
  'orders.{"id": id, "total": $sum(items.(price * quantity)), "count": $count(items)}',
  '(orders.items)[-1].sku & "!"',
  '$map([1..5], function($n, $i) { $n * $i })',
  '$reduce([1..5], function($a, $b) { $a * $b })',
  '$filter([1..10], function($n) { $n % 3 = 0 })',
  '($fact := function($n) { $n <= 1 ? 1 : $n * $fact($n - 1) }; $fact(10))',
  '$uppercase($substringBefore(name, " ")) & $pad("x", -5, "#")',
  '$match("ab12cd345", /[a-z]+(\\d+)/).groups',
  '$replace("John Smith", /(\\w+)\\s(\\w+)/, "$2, $1")',
  '$split("a, b;c", /[,;]\\s*/)',
  '$formatNumber(12345.678, "#,##0.00") & " " & $formatBase(255, 16)',
  '$fromMillis(1510067557121, "[D1o] [MNn] [Y0001] [H01]:[m01]")',
  '$toMillis("2017-11-07T15:12:37.121Z")',
  '$sort(orders.items, function($l, $r) { $l.price > $r.price }).sku',
  '$merge(orders.{id: items.sku})',
  '$ ~> |orders.items|{"total": price * quantity}, ["price"]|',
  'orders@$o.items@$i.{"order": $o.id, "sku": $i.sku}',
  '**.sku ~> $distinct() ~> $join("-")',
  'orders.items#$n[$n = 1].sku',
  '$each({"a": 1, "b": 2}, function($v, $k) { $k & $v })',
  '$round(2.5) & $round(-1.555, 2) & $power(2, 10) & $sqrt(2)',
  'orders.items.%.id',
  '1 +', '"a" + 1', '$nothing(1)', 'missing.path',
];

export default () =>
  Promise.all(
    EXPRESSIONS.map(async (text) => {
      try {
        return [text, (await jsonata(text).evaluate(structuredClone(DATA))) ?? 'nothing'];
      } catch ({ code, position, message }) {
        return [text, { code, position, message }];
      }
    }),
  );
