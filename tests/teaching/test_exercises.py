# ruff: noqa: E501 - sources of wrong functions are strings
"""Every exercise: its stub is not solved, its solution is, wrong ones get the hint that fits."""

import re

import nbformat
import numpy as np
import pytest
import torch

from mucpt_utils import paths
from mucpt_utils.teaching import exercises, runner
from mucpt_utils.teaching.exercises import LEVELS, judging

CHECK = re.compile(r'exercises\.check\("(\w+)", (\w+)\)')
FOLDED = re.compile(
    r"^<details><summary>Solution</summary>\n\n```python\n(.*)\n```\n\n</details>", re.S
)
# what students write, in their own way: exercise, source of `f`, a word of the hint that fits
WRITTEN = [
    ("platt", "f = lambda s, a, b: 1 / (1 + math.exp(-(a * s + b)))", "log-odds"),
    (
        "platt",
        "def f(s, a, b):\n    return a * (math.log(s) - math.log(1 - s)) + b",
        "undo the logit",
    ),
    ("platt", "def f(s, a, b):\n    return 1 / (1 + np.exp(a * np.log(s / (1 - s)) + b))", "sign"),
    ("off_domain_share", "f = lambda p, l: l.count(0) / len(l)", "weight"),
    (
        "off_domain_share",
        "def f(p, l):\n    t = 0\n    for a, b in zip(p, l):\n        t += a * b\n    return t / sum(p)",
        "label is 0",
    ),
    ("jaccard", "f = lambda a, b: len(a.intersection(b)) / (len(a) + len(b))", "union"),
    ("jaccard", "f = lambda a, b: (len(a) + len(b) - len(a & b)) / len(a & b)", "upside down"),
    ("jaccard", "f = lambda a, b: 100 * len(a & b) / len(a | b)", "percentage"),
    ("band_probability", "f = lambda j, b, r: pow(1 - pow(j, r), b)", r"no\* band"),
    (
        "band_probability",
        "def f(j, b, r):\n    p = 0\n    for _ in range(b):\n        p += j**r\n    return p",
        "do not add up",
    ),
    ("precision_recall", "f = lambda r, w, m: [r / (m + r), r / (w + r)]", "swapped"),
    ("precision_recall", "f = lambda r, w, m: r / (r + w)", "recall as well"),
    (
        "precision_recall",
        "f = lambda r, w, m: (100 * r / (r + w), 100 * r / (r + m))",
        "percentage",
    ),
    (
        "temperature_loss",
        "f = lambda z, t, T: math.log(sum(math.exp(x) for x in z)) - z[t]",
        "T does not",
    ),
    (
        "temperature_loss",
        "def f(z, t, T):\n    p = [math.exp(x / T) for x in z]\n    return p[t] / sum(p)",
        "that is the probability",
    ),
    (
        "temperature_loss",
        "def f(z, t, T):\n    p = np.exp(np.array(z) / T)\n    return -np.log2(p[t] / p.sum())",
        "nats",
    ),
    (
        "loss_ratio_weights",
        "def f(m, r, e, s):\n    x = np.log((np.array(m) + e) / (np.array(r) + e)) / np.log(s)\n    return x / x.mean()",
        "clip",
    ),
    (
        "loss_ratio_weights",
        "def f(m, r, e, s):\n    x = np.log((np.array(r) + e) / (np.array(m) + e)) / np.log(s)\n"
        "    x = x.clip(0, 1)\n    return x / x.mean()",
        "upside down",
    ),
    ("loss_ratio_weights", "f = lambda m, r, e, s: (m + e) / (r + e)", "a list is no number"),
    ("normalise", "f = lambda w, m: np.array(w) * m / (np.array(w) * m).mean()", "NaN|mean"),
    ("normalise", "f = lambda w, m: [a * b for a, b in zip(w, m)]", "divide by the mean"),
    (
        "normalise",
        "def f(w, m):\n    for n in range(len(w)):\n        w[n] *= m[n]\n"
        "    t = sum(w)\n    return [a * sum(m) / t for a in w] if t else m",
        "changes the lists",
    ),
    ("weighted_gradient", "f = lambda w: w", "divides by N"),
    ("weighted_gradient", "f = lambda w: [1 / len(w) for _ in w]", "own weight"),
    ("bits_per_byte", "f = lambda l, s: sum(l) / s", "nats"),
    ("bits_per_byte", "f = lambda l, s: np.mean(l) / np.log(2)", "per byte, not per token"),
    (
        "tokens_to_reach",
        "def f(x, y, g):\n    for a, b in zip(x, y):\n        if b >= g:\n            return a\n"
        "    return math.inf",
        "interpolate",
    ),
    ("tokens_to_reach", "f = lambda x, y, g: float(np.interp(g, y, x))", "np.interp never says"),
    (
        "grade",
        "def f(k, r):\n    if not r:\n        return 'not_attempted'\n    return 'correct' if k.lower() in r.lower() else 'incorrect'",
        "refusal|don't know",
    ),
    (
        "grade",
        "def f(k, r):\n    said = r.lower()\n    if not said or \"don't know\" in said:\n        return 'not_attempted'\n    if said.startswith(('either', 'not')):\n        return 'incorrect'\n    return 'correct' if 'nirvana' in said else 'incorrect'",
        "another key",
    ),
    ("grade", "f = lambda k, r: k.lower() in r.lower()", "bool comes back"),
    ("grade", "f = lambda k, r: 'Correct' if k in r else 'Incorrect'", "none of the words"),
    ("kappa", "f = lambda a, b: np.mean([x == y for x, y in zip(a, b)])", "with chance in it"),
    (
        "kappa",
        "def f(a, b):\n    o = sum(x == y for x, y in zip(a, b)) / len(a)\n    return (o - 0.5) / 0.5",
        "one half",
    ),
    (
        "paired_interval",
        "f = lambda a, b: np.quantile(a - b, [0.025, 0.975])",
        "single differences",
    ),
    (
        "paired_interval",
        "def f(a, b):\n    r = np.random.default_rng(3)\n    d = b - a\n"
        "    m = [r.choice(d, len(d)).mean() for _ in range(2000)]\n    return np.percentile(m, [2.5, 97.5])",
        "swapped",
    ),
    (
        "paired_interval",
        "f = lambda a, b: np.quantile(a - b, [2.5, 97.5])",
        "0.025 and 0.975|shares",
    ),
]

# two slips at once, or a failure that another one hides: the hint fits the case that is shown
WRITTEN += [
    ("normalise", "f = lambda w, m: [x * len(w) / sum(w) for x in w]", "the mask does nothing"),
    (
        "tokens_to_reach",
        "f = lambda x, y, g: next((a for a, b in zip(x, y) if b > g), math.inf)",
        "line|between|straight",
    ),
    (
        "temperature_loss",
        "f = lambda z, t, T: -math.log(math.exp(z[t]/T) / sum(math.exp(x/T) for x in z)) * T",
        "do not multiply it by T",
    ),
    (
        "paired_interval",
        "def f(a, b):\n    d = np.array(a) - np.array(b)\n    e = 1.96 * d.std(ddof=1) / len(d)**0.5\n    return d.mean() - e, d.mean() + e",
        "what can be drawn",
    ),
    (
        "paired_interval",
        "def f(a, b):\n    d = np.array(a) - np.array(b)\n    e = 1.96 * d.std() / len(d)**0.5\n    return d.mean() - e, d.mean() + e",
        "take quantiles of drawn means",
    ),
]

# the same, by somebody who had seen neither slips nor tests
WRITTEN += [
    ("platt", "f = lambda s,a,b: math.exp(a*math.log(s/(1-s))+b)", "odds / "),
    ("platt", "f = lambda s,a,b: 1/(1+math.exp(-(a*math.log(s/1-s)+b)))", "brackets"),
    ("platt", "f = lambda s,a,b: round(1/(1+math.exp(-(a*math.log(s/(1-s))+b))),2)", "rounded"),
    (
        "platt",
        "f = lambda s,a,b: 1/(1+math.exp(-(a*(math.log(s)/math.log(1-s))+b)))",
        "not their quotient",
    ),
    ("platt", "f = lambda s,a,b: 1/1+math.exp(-(a*math.log(s/(1-s))+b))", "brackets"),
    (
        "off_domain_share",
        "f = lambda p,l: sum(x for x,y in zip(p,l) if y==0)/sum(l)",
        "number of documents in the domain",
    ),
    (
        "off_domain_share",
        "f = lambda p,l: sum(x for x,y in zip(p,l) if x<0.5)/sum(p)",
        "not a low probability",
    ),
    (
        "off_domain_share",
        "f = lambda p,l: sum(1-x for x,y in zip(p,l) if y==0)/sum(p)",
        "what it loses",
    ),
    ("off_domain_share", "f = lambda p,l: sum(1-x for x in p)/len(p)", "take the labels"),
    ("jaccard", "f = lambda a,b: 1-len(a&b)/len(a|b)", "similarity is wanted"),
    ("jaccard", "f = lambda a,b: len(a and b)/len(a or b)", "`and` and `or`"),
    ("jaccard", "f = lambda a,b: len(a&b)/math.sqrt(len(a)*len(b))", "cosine"),
    ("jaccard", "f = lambda a,b: len(a&b)//len(a|b)", "only equal sets"),
    ("band_probability", "f = lambda j,b,r: (1-(1-j)**b)**r", "rows stand inside"),
    ("band_probability", "f = lambda j,b,r: 1-(1-j^r)^b", "no power in Python"),
    ("band_probability", "f = lambda j,b,r: 1-b*(1-j**r)", "power of bands"),
    (
        "precision_recall",
        "f = lambda r,w,m: {'precision':r/(r+w),'recall':r/(r+m)}",
        "a dict comes back",
    ),
    ("precision_recall", "f = lambda r,w,m: (r/(r+w), (r+w)/(r+m))", "`wrong` nowhere"),
    (
        "temperature_loss",
        "f = lambda z,t,T: math.log(sum(math.exp(x/T) for x in z))-z[t-1]/T",
        "count from 0",
    ),
    (
        "temperature_loss",
        "f = lambda z,t,T: sum(math.log(math.exp(x/T)) for x in z)-z[t]/T",
        "add up first",
    ),
    (
        "temperature_loss",
        "f = lambda z,t,T: math.log(sum(math.exp(x) for x in z)/T)-z[t]/T",
        "before exp",
    ),
    ("temperature_loss", "f = lambda z,t,T: -math.log((z[t]/T)/sum(x/T for x in z))", "takes exp"),
    (
        "loss_ratio_weights",
        "f = lambda m,r,e,s: [min(max(math.log((a+e)/(b+e))/math.log(s),0),1)/sum(m) for a,b in zip(m,r)]",
        "mean of the",
    ),
    (
        "loss_ratio_weights",
        "def f(m,r,e,s):\n v=[min(max(math.log((a+e)/(b+e))*math.log(s),0),1) for a,b in zip(m,r)]\n return [x/(sum(v)/len(v)) for x in v]",
        "not multiplied",
    ),
    (
        "loss_ratio_weights",
        "def f(m,r,e,s):\n v=[min(max(math.log((a+e)/(b+e))/math.log(s),0),1) for a,b in zip(m,r)]\n return [x/max(v) for x in v]",
        "the largest becomes 1",
    ),
    (
        "loss_ratio_weights",
        "def f(m,r,e,s):\n v=[min(max((a+e)/(b+e)/s,0),1) for a,b in zip(m,r)]\n return [x/(sum(v)/len(v)) for x in v]",
        "form is a logarithm",
    ),
    (
        "loss_ratio_weights",
        "def f(m,r,e,s):\n v=[max(math.log((a+e)/(b+e))/math.log(s),0) for a,b in zip(m,r)]\n return [x/(sum(v)/len(v)) for x in v]",
        "clip above as well",
    ),
    (
        "loss_ratio_weights",
        "def f(m,r,e,s):\n v=[math.log((a+e)/(b+e))/math.log(s) for a,b in zip(m,r)]\n n=sum(v)/len(v)\n return [min(max(x/n,0),1) for x in v]",
        "clip first",
    ),
    (
        "normalise",
        "f = lambda w,m: [x*y/(sum(w)/sum(m)) if sum(w) else y for x,y in zip(w,m)]",
        "in the sum either",
    ),
    ("normalise", "f = lambda w,m: [x/sum(m)*y for x,y in zip(w,m)]", "how many take part"),
    ("normalise", "f = lambda w,m: list(m)", "weights are lost"),
    (
        "normalise",
        "def f(w,m):\n if max(w)==0: return m\n t=sum(a*b for a,b in zip(w,m))\n return [a*b*sum(m)/t for a,b in zip(w,m)]",
        "of those that take part",
    ),
    (
        "normalise",
        "def f(w,m):\n t=sum(a*b for a,b in zip(w,m))\n return [a*b*sum(m)/t if t else 1/sum(m) for a,b in zip(w,m)]",
        "1 each",
    ),
    (
        "normalise",
        "def f(w,m):\n t=sum(a*b for a,b in zip(w,m))/sum(m)\n return [a*b-t+1 for a,b in zip(w,m)]",
        "subtracting",
    ),
    ("weighted_gradient", "f = lambda w: [x/3 for x in w]", "not always 3"),
    ("weighted_gradient", "f = lambda w: [x/sum(w) for x in w]", "sum of their weights"),
    ("weighted_gradient", "f = lambda w: [0 for x in w]", "not 0"),
    ("bits_per_byte", "f = lambda l,s: sum(l)*math.log2(math.e)/s*8", "no factor of 8"),
    ("bits_per_byte", "f = lambda l,s: l/math.log(2)/s", "a list is no number"),
    (
        "tokens_to_reach",
        "def f(x,y,g):\n for i in range(1,len(x)):\n  if y[i]>=g:\n   return x[i-1]+(g-y[i-1])*(x[i]-x[i-1])\n return math.inf",
        "share of the stretch",
    ),
    (
        "tokens_to_reach",
        "def f(x,y,g):\n for i in range(1,len(x)):\n  if y[i]>g:\n   s=(g-y[i-1])/(y[i]-y[i-1])\n   return x[i-1]+s*(x[i]-x[i-1])\n return math.inf",
        ">=, not >",
    ),
    (
        "tokens_to_reach",
        "def f(x,y,g):\n for i in range(len(x)-1):\n  if y[i]<=g<=y[i+1]:\n   s=(y[i+1]-g)/(y[i+1]-y[i])\n   return x[i]+s*(x[i+1]-x[i])\n return math.inf",
        "from its beginning",
    ),
    (
        "tokens_to_reach",
        "def f(x,y,g):\n return x[int(np.argmin([abs(v-g) for v in y]))]",
        "nearest",
    ),
    (
        "tokens_to_reach",
        "def f(x,y,g):\n for i in range(1,len(x)):\n  if y[i]>=g:\n   s=(g-y[i-1])/(y[i]-y[i-1])\n   return s*(x[i]-x[i-1])\n return math.inf",
        "point before",
    ),
    (
        "grade",
        "f = lambda k,r: 'correct' if r.lower() in k.lower() else 'incorrect'",
        "not the response in the key",
    ),
    (
        "kappa",
        "f = lambda a,b: float(np.corrcoef([x=='correct' for x in a],[x=='correct' for x in b])[0,1])",
        "correlation",
    ),
    (
        "paired_interval",
        "def f(a,b):\n d=a-b\n s=d.std(ddof=1)/len(d)**.5\n return (d.mean()-s,d.mean()+s)",
        "one standard error",
    ),
    (
        "paired_interval",
        "def f(a,b):\n rng=np.random.default_rng(0)\n d=abs(a-b)\n m=[rng.choice(d,len(d)).mean() for _ in range(1000)]\n return np.quantile(m,[.025,.975])",
        "no abs",
    ),
    (
        "paired_interval",
        "def f(a,b):\n rng=np.random.default_rng(0)\n d=a-b\n m=[rng.choice(d,10).mean() for _ in range(2000)]\n return np.quantile(m,[.025,.975])",
        "as many differences",
    ),
]

# guards around a slip, Python's own traps, and what the kinds of `diagnosis` are for
WRITTEN += [
    ("platt", "f=lambda s,a,b: 1/(1+math.exp(-(a*math.log(s/(1-s))-b)))", "intercept is added"),
    ("platt", "f=lambda s,a,b: 1/(1+math.exp(-(a*math.log2(s/(1-s))+b)))", "math\\.log2"),
    (
        "off_domain_share",
        "f=lambda p,l: sum(a for a,b in zip(p,l) if b==0)/l.count(0)",
        "mean, and of nothing",
    ),
    ("off_domain_share", "f=lambda p,l: 1-sum(l)/len(l)", "documents are counted"),
    (
        "off_domain_share",
        "f=lambda p,l: np.mean([a for a,b in zip(p,l) if b==0])/np.mean(p)",
        "two means",
    ),
    ("jaccard", "f=lambda a,b: len(a-b)/len(a|b)", "only the first holds"),
    ("band_probability", "f=lambda j,b,r: 1-j**r**b", "every"),
    ("band_probability", "f=lambda j,b,r: 1-(j**r)**b", "every"),
    ("band_probability", "f=lambda j,b,r: b*j**r*(1-j**r)**(b-1)", "exactly one band"),
    ("precision_recall", "f=lambda r,w,m: (w/(r+w), m/(r+m))", "errors"),
    ("precision_recall", "f=lambda r,w,m: (r//(r+w), r//(r+m))", "drops the rest"),
    (
        "temperature_loss",
        "f=lambda z,t,T: math.log(max(math.exp(x/T) for x in z))-z[t]/T",
        "the largest",
    ),
    (
        "loss_ratio_weights",
        "def f(m,r,e,s):\n v=[min(max(math.log((a+e)/(b+e)/s),0),1) for a,b in zip(m,r)]\n return [x/(sum(v)/len(v)) for x in v]",
        "divide math\\.log",
    ),
    (
        "loss_ratio_weights",
        "def f(m,r,e,s):\n v=[max(min(math.log((a+e)/(b+e))/math.log(s),0),1) for a,b in zip(m,r)]\n return [x/(sum(v)/len(v)) for x in v]",
        "goes with max",
    ),
    (
        "loss_ratio_weights",
        "def f(m,r,e,s):\n v=[min(max(math.log((a+e)-(b+e))/math.log(s),0),1) for a,b in zip(m,r)]\n return [x/(sum(v)/len(v)) for x in v]",
        "what is it taken of",
    ),
    (
        "loss_ratio_weights",
        "def f(m,r,e,s):\n v=[min(max(math.log10((a+e)/(b+e))/math.log(s),0),1) for a,b in zip(m,r)]\n return [x/(sum(v)/len(v)) for x in v]",
        "are mixed",
    ),
    (
        "loss_ratio_weights",
        "def f(m,r,e,s):\n v=[abs(math.log((a+e)/(b+e))/math.log(s)) for a,b in zip(m,r)]\n v=[min(x,1) for x in v]\n return [x/(sum(v)/len(v)) for x in v]",
        "no abs",
    ),
    (
        "normalise",
        "f=lambda w,m: [x*y*len(w)/sum(a*b for a,b in zip(w,m)) if sum(w) else y for x,y in zip(w,m)]",
        "sum\\(mask\\)",
    ),
    (
        "normalise",
        "def f(w,m):\n k=[x for x,y in zip(w,m) if y]\n t=sum(k)/len(k)\n return [x/t for x in w] if t else m",
        "multiply by the mask",
    ),
    ("weighted_gradient", "f=lambda w: [x*sum(w)/len(w) for x in w]", "sum of the weights"),
    ("weighted_gradient", "f=lambda w: [x/(sum(w)/len(w)) for x in w]", "normalises the weights"),
    ("weighted_gradient", "f=lambda w: [x/len(w) for x in w if x]", "1 number comes"),
    ("weighted_gradient", "f=lambda w: np.gradient(w)/len(w)", "on paper"),
    ("weighted_gradient", "f=lambda w: [x//len(w) for x in w]", "drops the rest"),
    ("weighted_gradient", "f=lambda w: [(x-sum(w)/len(w))/len(w) for x in w]", "no mean is"),
    ("bits_per_byte", "f=lambda l,s: 2**(sum(l)/s)", "perplexity"),
    ("bits_per_byte", "f=lambda l,s: sum(l)*1.44/s", "do not type it"),
    ("bits_per_byte", "f=lambda l,s: s/sum(l)", "upside down"),
    ("bits_per_byte", "f=lambda l,s: sum(l)/math.log(2)*s", "do not multiply"),
    (
        "tokens_to_reach",
        "def f(x,y,g):\n i=[v>=g for v in y].index(True)\n return x[i-1]+(g-y[i-1])/(y[i]-y[i-1])*(x[i]-x[i-1])",
        "searched for",
    ),
    (
        "tokens_to_reach",
        "def f(x,y,g):\n for i in range(1,len(x)):\n  if y[i]>=g:\n   return x[i-1]+(g-y[i-1])/(y[i]-y[i-1])*x[i]\n return math.inf",
        "is of the stretch",
    ),
    (
        "tokens_to_reach",
        "def f(x,y,g):\n for i in range(1,len(x)):\n  if y[i]>=g:\n   return x[i-1]+(y[i]-y[i-1])/(x[i]-x[i-1])*(g-y[i-1])\n return math.inf",
        "slope is upside down",
    ),
    (
        "tokens_to_reach",
        "def f(x,y,g):\n if g>max(y): return math.inf\n return float(np.interp(g,y,x))",
        "only rise",
    ),
    (
        "tokens_to_reach",
        "def f(x,y,g):\n for i in range(1,len(x)):\n  if y[i]>=g:\n   return x[i-1]+(g-y[i-1])/(y[i]-y[i-1])*(x[i]-x[i-1])\n  else:\n   return math.inf",
        "looked at before",
    ),
    (
        "tokens_to_reach",
        "def f(x,y,g):\n for i in range(1,len(x)):\n  if y[i]>=g:\n   return x[i-1]+g/(y[i])*(x[i]-x[i-1])\n return math.inf",
        "missing",
    ),
    (
        "grade",
        "def f(k,r):\n k,r=k.lower(),r.lower().strip('.')\n if r=='' or \"don't know\" in r: return 'not_attempted'\n return 'correct' if k==r else 'incorrect'",
        "lower both and use",
    ),
    (
        "grade",
        "def f(k,r):\n if r=='' or \"don't know\" in r: return 'not_attempted'\n if 'either' in r or 'not' in r: return 'incorrect'\n return 'correct' if k.lower() in r.lower() else 'incorrect'",
        "mind the capital",
    ),
    (
        "grade",
        "def f(k,r):\n k,r=k.lower(),r.lower()\n if r=='' or \"don't know\" in r: return 'not_attempted'\n if r.startswith(('not ','either ')): return 'not_attempted'\n return 'correct' if k in r else 'incorrect'",
        "only no answer",
    ),
    (
        "kappa",
        "def f(a,b):\n o=sum(x==y for x,y in zip(a,b))/len(a)\n e=sum(a.count(g)/len(a)*b.count(g)/len(b) for g in a)\n return (o-e)/(1-e)",
        "different",
    ),
    (
        "kappa",
        "def f(a,b):\n o=sum(x==y for x,y in zip(a,b))/len(a)\n e=sum(a.count(g)/len(a)+b.count(g)/len(b) for g in set(a))\n return (o-e)/(1-e)",
        "not added",
    ),
    (
        "kappa",
        "def f(a,b):\n o=sum(x==y for x,y in zip(a,b))/len(a)\n e=sum(a.count(g)/len(a)*b.count(g)/len(b) for g in set(a))\n return o-e/1-e",
        "brackets",
    ),
    (
        "kappa",
        "def f(a,b):\n o=sum(x==y for x,y in zip(a,b))/len(a)\n e=1\n for g in set(a): e*=a.count(g)/len(a)*b.count(g)/len(b)\n return (o-e)/(1-e)",
        "not multiplied",
    ),
    (
        "kappa",
        "def f(a,b):\n o=sum(x==y for x,y in zip(a,b))\n e=sum(a.count(g)*b.count(g)/len(a) for g in set(a))\n return (o-e)/(1-e)",
        "both shares",
    ),
    (
        "kappa",
        "def f(a,b):\n o=sum(x==y for x,y in zip(a,b))/len(a)\n e=sum((a.count(g)/len(a)+b.count(g)/len(b))/2 for g in set(a))\n return (o-e)/(1-e)",
        "take their mean",
    ),
    (
        "kappa",
        "def f(a,b):\n o=sum(x==y for x,y in zip(a,b))/len(a)\n e=1-o\n return (o-e)/(1-e)",
        "how often they differ",
    ),
    (
        "kappa",
        "def f(a,b):\n o=sum(x==y for x,y in zip(a,b))/len(a)\n e=max(a.count(g)/len(a)*b.count(g)/len(b) for g in set(a))\n return (o-e)/(1-e)",
        "most frequent",
    ),
    (
        "paired_interval",
        "def f(a,b):\n rng=np.random.default_rng(0)\n d=a-b\n m=[np.median(rng.choice(d,len(d))) for _ in range(2000)]\n return np.quantile(m,[.025,.975])",
        "not its median",
    ),
    (
        "paired_interval",
        "def f(a,b):\n d=a-b\n return d.mean()-1.96*d.std()/len(d), d.mean()+1.96*d.std()/len(d)",
        "root",
    ),
    (
        "paired_interval",
        "def f(a,b):\n rng=np.random.default_rng(0)\n d=a-b\n m=[rng.choice(d,len(d)).mean() for _ in range(2000)]\n return np.quantile(m,[.975,.025])",
        "turned round",
    ),
]


def exercise_cells() -> dict[str, tuple[str, str, str, str]]:
    """Exercise -> (number of its notebook, stub's cell, its function, folded solution)."""
    places = {}
    for path in runner.notebooks():
        cells = nbformat.read(path, as_version=4).cells
        for cell, after in zip(cells, cells[1:], strict=False):
            if cell.metadata.get("tags") == [exercises.TAG]:
                name, function = CHECK.search(cell.source).groups()
                assert name not in places, f"{name} stands in two cells"
                number = path.stem.split("_")[0]
                places[name] = number, cell.source, function, FOLDED.match(after.source)[1]
    return places


PLACES = exercise_cells()
each = pytest.mark.parametrize("name", exercises.EXERCISES)


def solution(name: str):
    """The function that the folded solution defines."""
    scope = {}
    exec(PLACES[name][3], scope)
    return scope[PLACES[name][2]]


def test_the_track_has_ten_to_fifteen_exercises_at_three_levels():
    track = exercises.track()
    assert set(PLACES) == set(exercises.EXERCISES) and 10 <= len(track) <= 15
    assert set(track["level"]) == set(LEVELS.values())
    assert dict(zip(track["exercise"], track["notebook"], strict=True)) == {
        name: place[0] for name, place in PLACES.items()
    }


def test_the_first_notebook_and_the_teachers_page_name_them_all():
    start = (paths.NOTEBOOKS / "00_start_here.ipynb").read_text(encoding="utf-8")
    books = sorted({place[0] for place in PLACES.values()})
    assert f"Notebooks {books[0]} to {books[-1]} hold **exercises**" in start
    page = (paths.NOTEBOOKS / "TEACHING.md").read_text(encoding="utf-8")
    for row in exercises.track().itertuples():
        assert f"| `{row.exercise}` | {row.notebook} | {row.level} |" in page, row.exercise
    assert page.count("### Open-ended") == 2 and page.count("**Rubric**") == 2


@each
def test_the_heading_says_the_level(name):
    number, source, *_ = PLACES[name]
    (path,) = paths.NOTEBOOKS.glob(f"{number}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    place = next(n for n, cell in enumerate(cells) if cell.source == source)
    level = LEVELS[exercises.EXERCISES[name].level]
    assert re.match(rf"### Exercise \({level}\): ", cells[place - 1].source), name


@each
def test_the_stub_runs_and_is_told_the_hint(name, capsys):
    exec(PLACES[name][1], {})
    printed = capsys.readouterr().out
    assert printed == f"{name}: not solved yet. Hint: {exercises.EXERCISES[name].hint}\n"


@each
def test_the_folded_solution_passes(name):
    solved, message = exercises.judge(name, solution(name))
    assert solved and "solved, all" in message, message


def test_what_is_solved_is_counted_and_remembered(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path))
    for _ in range(2):
        exercises.check("jaccard", solution("jaccard"))
        assert f"1 of {len(exercises.EXERCISES)} exercises solved." in capsys.readouterr().out
    exercises.check("bits_per_byte", solution("bits_per_byte"))
    exercises.check("platt", lambda s, a, b: s)
    assert exercises.solved() == {"jaccard", "bits_per_byte"}
    track = exercises.track().set_index("exercise")["solved"]
    assert (track["jaccard"], track["platt"]) == ("yes", "not yet")


@each
def test_every_slip_fails_and_is_told_its_own_hint(name):
    asked = exercises.EXERCISES[name]
    assert len(asked.slips) >= 2
    for hint, wrong in asked.slips:
        solved, message = exercises.judge(name, wrong)
        assert not solved and message.endswith(f"Hint: {hint}"), (hint, message)


@pytest.mark.parametrize(("name", "source", "word"), WRITTEN)
def test_what_students_write_gets_a_hint_that_fits(name, source, word):
    import math

    scope = {"math": math, "np": np}
    exec(source, scope)
    solved, message = exercises.judge(name, scope["f"])
    assert not solved and re.search(word, message.split("Hint: ")[1]), message


def test_two_wrong_solutions_or_more_are_tried_of_each():
    tried = [name for name, *_ in WRITTEN]
    assert all(tried.count(name) >= 2 for name in exercises.EXERCISES)


def _spoilt(value):
    """A value of the same kind that is wrong."""
    if isinstance(value, str):
        return "incorrect" if value == "correct" else "correct"
    number = np.asarray(value, dtype=float)
    return np.where(np.isinf(number), 1.0, number) + 0.05


@each
def test_one_wrong_case_fails_and_is_named_with_a_hint(name):
    right, cases = solution(name), exercises.EXERCISES[name].cases()
    for number, case in enumerate(cases, 1):
        calls = iter(range(1, len(cases) + 1))

        def wrong(*given, calls=calls, number=number):
            value = right(*given)
            return _spoilt(value) if next(calls) == number else value

        solved, message = exercises.judge(name, wrong)
        assert not solved and f"case {number} of {len(cases)} ({case.about}) fails" in message
        assert "Hint: " in message


@each
def test_other_shapes_and_kinds_are_wrong_and_no_crash(name):
    for value in ([0.5] * 7, "something", [[0.1]], {"a": 1}, float("nan"), [1, "a"], object()):
        verdict = exercises.judge(name, lambda *given, value=value: value)
        assert not verdict.solved and "Hint: " in verdict.message


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (lambda a, b: 1 / 0, "divided by 0"),
        (lambda a: a, "other arguments than the stub"),
        (lambda a, b: nothing_like_it(a), "import it, or check the spelling"),  # noqa: F821
        (lambda a, b: print(len(a & b) / len(a | b)), "prints its answer"),
        (lambda a, b: 1.0 if a == b else None, "every branch"),
        (lambda a, b: 0.5, "same for every input"),
        (lambda a, b: str(len(a & b) / len(a | b)), "a text comes back"),
        (lambda a, b: [len(a & b) / len(a | b)], "a list comes back where a number"),
        (lambda a, b: 2 * len(a & b) / len(a | b), "twice"),
        (lambda a, b: 3 * len(a & b) / len(a | b), "3 times"),
    ],
)
def test_the_kind_of_an_error_is_told(function, word):
    assert word in exercises.judge("jaccard", function).message


def test_what_a_function_raises_is_told_in_one_line():
    def wrong(a, b):
        raise ValueError("two\nlines")

    message = exercises.judge("jaccard", wrong).message
    assert "raised ValueError: two lines." in message and "\n" not in message


def test_of_slips_that_fit_where_it_fails_the_most_alike_is_told():
    def guarded(w, m):  # divides by all, not by those that take part; no weight at all is caught
        total = sum(a * b for a, b in zip(w, m, strict=True))
        return [a * b * len(w) / total for a, b in zip(w, m, strict=True)] if total else list(m)

    asked = exercises.EXERCISES["normalise"]
    done = judging.outcomes(guarded, asked.cases(), asked.tolerance)
    assert judging.slip_of(asked, asked.cases(), done) is None
    slip = judging.slip_where_it_fails(asked, asked.cases(), done)
    failed = [not outcome.agrees for outcome in done]
    assert any(failed) and not all(failed)
    theirs = judging.outcomes(slip.wrong, asked.cases(), asked.tolerance)
    assert all(
        judging.same(a, b, asked.tolerance)
        for a, b, f in zip(done, theirs, failed, strict=True)
        if f
    )


def test_a_function_that_changes_its_arguments_cannot_spoil_the_cases():
    def wrong(w, m):
        w.clear()
        return [0.0]

    assert "changes the lists" in exercises.judge("normalise", wrong).message
    assert exercises.judge("normalise", solution("normalise")).solved


def test_tensors_with_a_gradient_are_numbers_too():
    def derivatives(w):
        return torch.tensor(w, requires_grad=True) / len(w)

    assert exercises.judge("weighted_gradient", derivatives).solved
    assert not exercises.judge("jaccard", lambda a, b: torch.ones(1, requires_grad=True)).solved


def test_a_misspelt_exercise_names_those_that_are():
    with pytest.raises(KeyError, match=r"allowed: .*jaccard"):
        exercises.judge("jacard", max)


def test_values_are_told_in_short():
    assert judging.in_words([1 / 3, 2]) == "[0.3333, 2]"
    assert len(judging.in_words("x" * 500)) == judging.LONGEST
