"""Patents of any number with known labels, to test and to measure with. No real patent is used.

Titles and abstracts are put together from phrases, so that they read like Chinese patents
(an abstract has about 210 characters). Digital ones hold a term of their technologies; all may
hold decoys: AIR, 55GWh, 智能 alone, which match nothing, and full-width ＡＩ, which does match.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.errors import PatentError
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.simulation import patents as phrases
from dti_assets.store.files import replacing
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_SLICE = 50_000
_GRANTED = 0.45
_FOREIGN = 0.05
_TWO_TECHNOLOGIES = 0.2
LABELS = tuple(f"label_{t}" for t in (*TECHNOLOGIES, "digital"))


def simulate_patents(
    n: int,
    seed: int,
    digital_share: float = 0.15,
    *,
    units: Units,
    years: tuple[int, int] = (2009, 2022),
    decoy_share: float = 0.1,
    cells: pd.DataFrame | None = None,
    slice_rows: int = _SLICE,
) -> Iterator[pa.Table]:
    """`n` patents in Arrow tables of at most `slice_rows` rows; the same for the same arguments.

    Columns as in a Chinese export (申请号, 公开（公告）号, 名称, 摘要, IPC, 申请人地址, 申请日,
    授权公告日, 专利类型; all strings) and the known truth: label_ai, ..., label_digital (what the
    shipped dictionaries must find). One row an application; numbers repeat from ten million on.
    digital_share: share of digital patents; decoy_share: share with a decoy; years: of
    application, both included.

    cells: where and when patents are filed: the code of one of `units`, year, weight, and
    optionally digital_share of the cell; by default every unit and year alike. Raises PatentError
    for a share outside [0, 1], years out of order or a cell that cannot be used.
    """
    if not 0 <= digital_share <= 1 or not 0 <= decoy_share <= 1 or n < 0:
        raise PatentError("simulate: shares lie between 0 and 1 and n is not negative")
    place = _cells(cells, units, years, digital_share)
    for start in range(0, n, slice_rows):
        rng = np.random.default_rng([seed, start])
        yield _slice(min(slice_rows, n - start), start, rng, place, decoy_share)


def write_patents(
    path: Path, n: int, seed: int, digital_share: float = 0.15, *, units: Units, **options: Any
) -> int:
    """Write simulated patents to `path`, .parquet or .csv (UTF-8 with a byte-order mark).

    Options are simulate_patents's, and labels=False leaves the truth out. Slice by slice, one
    row group each; returns the number of rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    path = Path(path)
    labels = options.pop("labels", True)
    slices = simulate_patents(n, seed, digital_share, units=units, **options)
    writer: Any = None
    rows = 0
    with replacing(path) as part, pa.OSFile(str(part), "wb") as sink:
        for table in slices:
            table = table if labels else table.drop_columns(list(LABELS))
            if writer is None:
                if path.suffix == ".parquet":
                    writer = pq.ParquetWriter(sink, table.schema, compression="zstd")
                elif path.suffix == ".csv":
                    sink.write("\ufeff".encode())
                    writer = csv.CSVWriter(sink, table.schema)
                else:
                    raise PatentError(f"{path.name}: write patents as .parquet or .csv")
            writer.write_table(table)
            rows += table.num_rows
        if writer is not None:
            writer.close()
    return rows


def _cells(
    cells: pd.DataFrame | None, units: Units, years: tuple[int, int], share: float
) -> dict[str, Any]:
    level = units.level
    if years[0] > years[1]:
        raise PatentError(f"simulate: years {years[0]} to {years[1]} are out of order")
    if cells is None:
        span = range(years[0], years[1] + 1)
        pairs = [(unit.code, year) for unit in units for year in span]
        weight = np.ones(len(pairs))
        digital = np.full(len(pairs), share)
    else:
        pairs = list(zip(cells[level.code].tolist(), cells["year"].tolist(), strict=True))
        weight = cells["weight"].to_numpy(dtype=float)
        digital = (
            cells["digital_share"].to_numpy(dtype=float)
            if "digital_share" in cells
            else np.full(len(pairs), share)
        )
        wrong = {code for code, _ in pairs} - {unit.code for unit in units}
        if wrong or not (weight >= 0).all() or weight.sum() <= 0:
            raise PatentError(
                f"simulate: cells with unusable weight or {level.noun} {sorted(wrong)}"
            )
    homes = {unit.code: f"{unit.full_name}{unit.seat}市" for unit in units}
    return {
        "home": np.array([homes[code] for code, _ in pairs], dtype=object),
        "year": np.array([year for _, year in pairs]),
        "weight": weight / weight.sum(),
        "digital": digital,
    }


def _slice(
    n: int, start: int, rng: np.random.Generator, place: dict[str, Any], decoys: float
) -> pa.Table:
    import pyarrow as pa

    def choose(pool: tuple[str, ...]) -> np.ndarray:
        return np.array(pool, dtype=object)[rng.integers(len(pool), size=n)]

    cell = rng.choice(len(place["weight"]), size=n, p=place["weight"])
    year = place["year"][cell]
    digital = rng.random(n) < place["digital"][cell]
    labels = np.zeros((n, len(TECHNOLOGIES)), dtype=bool)
    labels[np.arange(n), rng.integers(len(TECHNOLOGIES), size=n)] = True
    second = rng.random(n) < _TWO_TECHNOLOGIES
    labels[second, rng.integers(len(TECHNOLOGIES), size=int(second.sum()))] = True
    labels &= digital[:, None]

    # the terms stand in the title, in the abstract or in both
    where = rng.integers(3, size=n)
    in_title = np.full(n, "", dtype=object)
    in_abstract = np.full(n, "", dtype=object)
    for column, technology in enumerate(TECHNOLOGIES):
        term = choose(phrases.TERMS[technology])
        chosen = labels[:, column]
        for target, skip in ((in_title, 1), (in_abstract, 0)):
            at = chosen & (where != skip)
            target[at] = target[at] + "基于" + term[at] + "的"
    decoy = np.where(rng.random(n) < decoys, choose(phrases.DECOYS), "")
    # full-width ＡＩ is an artificial-intelligence patent in disguise: among the digital ones only
    disguised = decoy == phrases.FULL_WIDTH
    decoy[disguised & ~digital] = phrases.DECOYS[0]
    labels[disguised & digital, TECHNOLOGIES.index("ai")] = True
    thing, part = choose(phrases.THINGS), choose(phrases.PARTS)
    title = "一种" + in_title + choose(phrases.QUALITIES) + thing + choose(phrases.ENDINGS)
    abstract = (
        "本发明公开了一种" + in_abstract + thing + "，属于" + choose(phrases.FIELDS)
        + "技术领域，包括" + part + "和" + choose(phrases.PARTS) + "，" + choose(phrases.MIDDLES)
        + decoy + choose(phrases.MIDDLES) + choose(phrases.MIDDLES) + "本发明"
        + choose(phrases.EFFECTS) + choose(phrases.EFFECTS) + choose(phrases.CLOSINGS)
    )  # fmt: skip

    kind = rng.choice(3, size=n, p=[0.5, 0.4, 0.1])
    granted = (kind > 0) | (rng.random(n) < _GRANTED)
    month, day = rng.integers(1, 13, size=n), rng.integers(1, 29, size=n)
    lag = np.where(kind == 0, rng.integers(1, 4, size=n), rng.integers(0, 2, size=n))
    serial = start + np.arange(n)
    number = [
        f"CN{y}{k + 1}{s % 10_000_000:07d}.{s % 10}"
        for y, k, s in zip(year, kind, serial, strict=True)
    ]
    lead = np.where(kind == 0, "1", np.where(kind == 1, "2", "3"))
    code = np.where(kind == 0, np.where(granted, "B", "A"), np.where(kind == 1, "U", "S"))
    home = place["home"][cell]
    foreign = rng.random(n) < _FOREIGN
    address = np.where(foreign, choose(phrases.FOREIGN), home + choose(phrases.STREETS))
    columns: dict[str, Any] = {
        "申请号": number,
        "公开（公告）号": [
            f"CN{a}{s % 100_000_000:08d}{c}" for a, s, c in zip(lead, serial, code, strict=True)
        ],
        "名称": title,
        "摘要": abstract,
        "IPC": choose(phrases.IPC),
        "申请人地址": address,
        "申请日": [f"{y}-{m:02d}-{d:02d}" for y, m, d in zip(year, month, day, strict=True)],
        "授权公告日": [
            f"{y + w}-{m:02d}-{d:02d}" if g else None
            for y, w, m, d, g in zip(year, lag, month, day, granted, strict=True)
        ],
        "专利类型": np.array(["发明专利", "实用新型", "外观设计"], dtype=object)[kind],
    }
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    truth = {f"label_{t}": labels[:, i] for i, t in enumerate(TECHNOLOGIES)}
    return pa.table(arrays | truth | {"label_digital": labels.any(axis=1)})


TERMS: dict[str, tuple[str, ...]] = {
    "ai": (
        "人工智能", "机器学习", "深度学习", "神经网络", "图像识别", "计算机视觉", "知识图谱",
        "AI", "ai", "Machine Learning",
    ),
    "blockchain": ("区块链", "智能合约", "联盟链", "分布式账本", "共识算法", "Blockchain"),
    "cloud": ("云计算", "云平台", "云服务器", "云存储", "云端", "SaaS", "cloud computing"),
    "big_data": ("大数据", "数据挖掘", "海量数据", "数据仓库", "异构数据", "Hadoop"),
    "iot": ("物联网", "车联网", "射频识别", "窄带物联", "IoT", "NB-IoT", "RFID", "ＩｏＴ"),
}  # fmt: skip
FULL_WIDTH = "所述控制模块采用ＡＩ芯片，"
DECOYS = (
    "所述进气口接有AIR过滤管路，",
    "适用于年产55GWh的电池产线，",
    "所述壳体外侧设有智能锁，",
    "所述主板标有MAIN字样的接口，",
    "可选用patriot型号的紧固件，",
    "智能调节转速，",
    "所述RAIL滑轨与PAIR端子相配合，",
    "所述SAIoTX插件可拆卸，",
    FULL_WIDTH,
)
QUALITIES = (
    "高效", "可调节的", "节能型", "便携式", "多功能", "自动", "防水", "用于矿山的", "耐高温",
    "大型", "新型", "双工位", "低噪音", "易拆卸的", "环保", "智能", "高精度", "一体化", "快速", "",
)  # fmt: skip
THINGS = (
    "污水处理设备", "混凝土搅拌装置", "钢管切割机", "茶叶烘干箱", "轴承检测台", "汽车座椅骨架",
    "饲料粉碎机", "太阳能支架", "注塑模具", "电缆收卷机构", "粮食仓储通风机", "皮革裁切机",
    "阀门密封结构", "纺织品染色槽", "医用输液架", "隧道支护构件", "果树嫁接刀具", "锅炉除尘器",
    "铝合金压铸件", "变压器散热片", "建筑模板", "橡胶硫化罐", "包装封口机", "水泵叶轮",
    "电梯导轨", "玻璃磨边机", "木材干燥窑", "船舶舵机", "液压油缸", "齿轮加工夹具",
)  # fmt: skip
ENDINGS = ("", "及其使用方法", "及方法", "的制备工艺", "及控制系统", "的安装结构", "及其加工方法")
FIELDS = (
    "机械加工", "环境保护", "农业机械", "建筑工程", "汽车零部件", "医疗器械", "纺织", "包装",
    "冶金", "电力设备", "食品加工", "化工", "矿山设备", "船舶制造",
)  # fmt: skip
PARTS = (
    "底座", "壳体", "驱动电机", "传动轴", "支撑架", "滑动块", "固定板", "进料斗", "出料管",
    "过滤网", "弹簧组件", "密封圈", "控制箱", "连接杆", "升降台", "导向柱", "加热管", "冷却水管",
    "搅拌叶片", "夹紧机构",
)  # fmt: skip
MIDDLES = (
    "所述底座的顶部固定连接有支撑架，所述支撑架的内侧滑动连接有升降台，",
    "所述壳体内部设有容纳腔，所述容纳腔的侧壁开设有通风孔（直径为5mm～8mm），",
    "驱动电机的输出端通过联轴器与传动轴固定连接，传动轴的另一端转动连接于轴承座内，",
    "所述进料斗的下方设置有过滤网，过滤网与水平面的夹角为30°，",
    "将原料按照重量份称取后加入反应釜，在80℃下搅拌2小时，冷却后过滤并干燥，",
    "所述固定板上等距开设有多个安装槽，安装槽内卡接有弹簧组件，",
    "所述夹紧机构包括两组对称设置的夹板，夹板之间通过双向丝杆传动，",
    "出料管的外壁套设有密封圈，密封圈由橡胶材料制成且可更换，",
    "所述控制箱与加热管电性连接，加热管均匀分布于壳体的内壁，",
    "步骤一，对工件表面进行清洗；步骤二，将工件放置于定位台；步骤三，启动装置完成加工，",
    "所述导向柱竖直设置，其上端设有限位块，下端与升降台活动连接，",
    "所述冷却水管呈螺旋状缠绕在壳体的外侧，并与外部水箱连通，",
)
EFFECTS = (
    "结构简单，操作方便，能够有效提高加工效率；",
    "通过设置弹簧组件和密封圈，减少了设备运行时的振动和噪声；",
    "降低了人工劳动强度，节约了生产成本；",
    "避免了现有技术中原料浪费、能耗较高的问题；",
    "便于对内部零件进行更换和维护，延长了使用寿命；",
    "提升了产品的合格率，具有良好的经济效益；",
)
CLOSINGS = (
    "适于推广使用。",
    "具有较好的应用前景。",
    "解决了背景技术中提出的问题。",
    "安全可靠，实用性强。",
)
IPC = (
    "B23K37/04", "C02F9/00", "B65G47/90", "G06N3/08", "H04L67/12", "A01D34/00", "E04G9/02",
    "G16Y10/25", "F16K1/00", "B29C45/26", "G06F40/20;G06N5/04", "H01F27/08",
)  # fmt: skip
STREETS = (
    "高新区科技路18号", "经济开发区创业大道6号", "人民路102号", "工业园区兴业街55号",
    "解放中路9号", "大学城文苑路1号",
)  # fmt: skip
FOREIGN = (
    "日本东京都", "美国加利福尼亚州", "德国慕尼黑", "韩国京畿道水原市", "中国台湾新竹市",
    "中国香港九龙", "荷兰埃因霍温",
)  # fmt: skip
